"""One folder a stage: a pure core (event in, events out) and a thin `app.py` that subscribes it."""
