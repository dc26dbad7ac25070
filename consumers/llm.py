"""What the stages that ask models share: a client on the ledger, and whose fault an error is."""

from collections.abc import Sequence

from agents.client import LLM, EndpointDown, EndpointRefused, MayNotPay, ReplyUnusable
from schemas.events import Envelope, Output, Where
from schemas.settings import Settings
from streams.control import Permits
from streams.stage import Halt, Handle, Hold, Permanent, Retry, Stage
from streams.stores import NatsLedger


def client(stage: Stage, settings: Settings) -> LLM:
    """The stage's door to its models, closed with the stage."""
    llm = LLM(settings, NatsLedger(stage), Permits(stage))
    stage.app.on_shutdown(llm.settle)
    stage.app.after_shutdown(llm.close)
    return llm


def where(event: Envelope, round_: int | None = None) -> Where:
    return Where(
        run_id=event.run_id,
        dialogue_id=event.dialogue_id,
        round=event.round if round_ is None else round_,
        causation_id=event.event_id,
    )


def asks_models(handle: Handle) -> Handle:
    """Say a model's failure in the stage's words.

    An unusable reply is permanent: the ledger would answer the same again. Bringing the dead letter
    back by hand, once the prompt or the model has changed, asks anew.
    """

    async def translated(event: Envelope) -> Sequence[Output]:
        try:
            return await handle(event)
        except EndpointDown as error:
            raise Retry(str(error)) from error
        except MayNotPay as error:
            raise Hold(str(error)) from error
        except EndpointRefused as error:
            raise Halt(str(error)) from error
        except ReplyUnusable as error:
            raise Permanent(str(error)) from error

    return translated
