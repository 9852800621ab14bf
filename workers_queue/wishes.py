"""Wishes that the system grants by itself: a language, no more broadcasts, broadcasts again."""

from dataclasses import replace
from uuid import UUID

from intake.asks import FORGET, answers_the_menu, taken_as
from model.tickets import WRITTEN
from workers_queue.batch import Batch
from workers_queue.heard import Heard

_STOPPED = ("opted_out", "stopped")


def as_it_is_meant(batch: Batch, heard: Heard, person: UUID) -> Heard:
    """What may be an answer to our menu of languages taken as one, or as ordinary words."""
    prepared, address = heard.prepared, batch.address(getattr(heard.event, "sender", None))
    if prepared is None or prepared.ask is None or prepared.ask.certain:
        return heard
    menu_is_out = address is not None and address.asked_language
    answered = batch.somebody_answered(person)
    if answers_the_menu(prepared.ask, menu_is_out=menu_is_out, somebody_answered=answered):
        return replace(heard, prepared=replace(prepared, facts=taken_as(prepared.facts, prepared.ask)))
    return replace(heard, prepared=replace(prepared, ask=None))


def grant(batch: Batch, heard: Heard, ticket: UUID) -> bool:
    """Do what a message asks of the system; gives whether that is to be confirmed.

    Nothing is ever deleted by itself: a request to be forgotten is only written down for a person.
    """
    sender, prepared = getattr(heard.event, "sender", None), heard.prepared
    if sender is None or prepared is None:
        return False
    ask = prepared.ask
    if ask is None:
        if prepared.facts.language_rank >= WRITTEN:
            batch.menu(sender, out=False)  # the language is known: a number no longer answers the menu
        return False
    match ask.what:
        case "language":
            changed = batch.chose(sender, ask.language or "", heard.at)
            return changed or batch.opens(ticket)
        case "stop":
            # of a phone number `opted_out` means that the provider lets nothing through, answers neither
            return batch.went(sender, "stopped" if sender.scope == "phone" else "opted_out", heard.at)
        case "start":
            address = batch.address(sender)
            stopped = address is not None and address.left_how in _STOPPED
            return batch.went(sender, None, heard.at) and stopped  # remembered in any case: a "stop" may yet come late
        case "forget":
            return FORGET not in batch.reasons_before(ticket)
