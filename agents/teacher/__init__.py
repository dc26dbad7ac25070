"""The offline teacher: an OpenAI-compatible endpoint that plays every role without a model.

It answers deterministically from a seed and only from what a request says, as a model would. Requests,
slot values, calls, results and answers are composed from the tools' own names, descriptions and schemas.
It also errs at a set rate, and labels every planted defect out of band, so that the checkers' precision
and recall can be measured. Its text is templated: good for the first five minutes, for tests, load and
rehearsal. Data worth training on wants a real model.

`python -m agents.teacher --help` starts it alone; `server.serve` is the same from Python.
"""
