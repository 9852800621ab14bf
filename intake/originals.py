"""Events that speak of an earlier message: which one, and what becomes of them if it never comes."""

from dataclasses import replace

from model.events import DeliveryUpdate, Edited, Event, Ignored, Reacted, Received, Sender, Unsent


def refers_to(event: Event) -> str | None:
    """Provider id of the message an event cannot be understood without; None for most events."""
    match event:
        case Edited() | Unsent() | Reacted():
            return event.provider_id
        case Received(sender=None):
            return event.in_call
        case DeliveryUpdate(delivery=None):  # it may come before we have written down what the provider called it
            return event.provider_id
        case _:
            return None


def without_original(event: Event) -> Event:
    """What an event is taken for when its original has not come in ten minutes: its words are never lost."""
    match event:
        case Edited():
            return Received(
                event_id=event.event_id,
                occurred_at=event.occurred_at,
                provider_id=f"edit:{event.event_id}",  # not the original's, which may yet come
                kind=event.kind,
                sender=event.sender,
                text=event.text,
            )
        case Received(sender=None):
            return _by_an_unknown_caller(event)
        case Unsent():
            return Ignored(event_id=event.event_id, what="unsend", why="the message taken back never reached us")
        case DeliveryUpdate():
            return Ignored(event_id=event.event_id, what="delivery receipt", why="of nothing that we have sent")
        case Reacted():
            return Ignored(event_id=event.event_id, what="reaction", why="the message reacted to is not one of ours")
        case _:
            return event


def _by_an_unknown_caller(event: Received) -> Received:
    caller = Sender(scope="call", value=event.in_call or event.provider_id, answerable=False)
    return replace(event, sender=caller)
