"""Who asks, and how: crossed, they give 480 users."""

import random

PEOPLE = (
    "a small-business owner", "a nurse on night shifts", "a university student", "a retired teacher",
    "a freelance designer", "a software engineer", "a parent of three", "a travel agent", "an accountant",
    "a field biologist", "a restaurant manager", "a high-school teacher", "a journalist on a deadline",
    "a warehouse supervisor", "a hobby gardener", "an event planner", "a civil engineer", "a musician",
    "a property manager", "a lab technician", "a data analyst", "a shop assistant", "a long-distance runner",
    "a local politician", "a new immigrant", "a project manager", "a farmer", "a museum guide",
    "a pharmacist", "a first-time home buyer",
)  # fmt: skip

REGISTERS = (
    "terse", "friendly and chatty", "formal", "in a hurry", "polite and a little unsure", "matter-of-fact",
    "enthusiastic", "precise", "casual", "tired but clear", "businesslike", "warm", "direct", "curious",
    "careful with words", "plain-spoken",
)  # fmt: skip


def persona(rng: random.Random) -> str:
    return f"{rng.choice(PEOPLE)}, {rng.choice(REGISTERS)}"
