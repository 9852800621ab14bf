"""A call made by hand: it rings, something is heard, keys are pressed, somebody speaks and hangs up."""

from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

from sandbox.courier import Courier
from sandbox.phones import Item, Media
from sandbox.providers import twilio_call, twilio_voice
from sandbox.providers.twilio_call import MENU_SECONDS, MOST_REQUESTS, Caller
from sandbox.providers.twilio_voice import Call
from sandbox.world import World

_ASKS = ("Gather", "Record")  #: verbs at which a caller has something to do


class OngoingCall:
    """One call, from the first ring to the status callback. What is said in it also shows on the caller's phone."""

    def __init__(self, world: World, courier: Courier, call: Call, person: str) -> None:
        """`person`: whose phone rings out, also where the number is withheld."""
        self._world, self._courier, self._call, self._person = world, courier, call, person
        self._document: Sequence[ElementTree.Element] = ()
        self._url, self._spoken = call.account.hook_url, 0
        self.state = "ringing"  #: then `in-progress`, then as Twilio names the end of a call

    async def ring(self) -> None:
        """It is answered or refused."""
        answer = await self._courier.deliver(twilio_voice.ringing(self._call))
        self.state = "in-progress"
        await self._go_on(answer)

    async def press(self, keys: str) -> bool:
        """Press keys at the menu; False where nobody asks for any. No keys: wait until the menu has had enough."""
        return await self._do(Caller(presses=keys)) if self._asked("Gather") else False

    async def speak(self, seconds: int) -> bool:
        """Speak after the tone, then press a key; False where nothing is recorded. No seconds: say nothing."""
        if not self._asked("Record"):
            return False
        self._spoken += seconds
        return await self._do(Caller(speaks=seconds))

    async def hang_up(self) -> None:
        """Leave."""
        if self.state in ("ringing", "in-progress"):
            await self._end("no-answer" if self.state == "ringing" else "completed")

    def shown(self) -> dict[str, Any]:
        """As JSON: what the caller can do now, and how it stands."""
        asked = next((verb.tag for verb in self._document if verb.tag in _ASKS), None)
        wants = {"Gather": "keys", "Record": "speech"}.get(asked or "") if self.state == "in-progress" else None
        return {"call": self._call.sid, "state": self.state, "wants": wants}

    def _asked(self, verb: str) -> bool:
        found = next((v.tag for v in self._document if v.tag in _ASKS), None)
        return self.state == "in-progress" and found == verb

    async def _do(self, caller: Caller) -> bool:
        step = twilio_call.next_step(self._document, self._call, caller, self._url)
        if step is None:
            await self._end("completed")
            return True
        answer = await self._courier.deliver(step.request)
        if step.later:
            await self._courier.deliver(step.later)
        self._url = step.url
        await self._go_on(answer)
        return True

    async def _go_on(self, answer: bytes) -> None:
        """Hear what the answer says, and follow it to where the caller is asked for something."""
        for _ in range(MOST_REQUESTS):
            self._document = twilio_call.verbs(answer)
            self._hear()
            if refused := twilio_call.rejected(self._document):
                return await self._end(refused)
            if any(verb.tag in _ASKS for verb in self._document):
                return None
            step = twilio_call.next_step(self._document, self._call, Caller(), self._url)
            if step is None:
                break
            self._url, answer = step.url, await self._courier.deliver(step.request)
        return await self._end("completed")

    async def _end(self, state: str) -> None:
        self.state = state
        seconds = MENU_SECONDS + self._spoken if state == "completed" else 0
        await self._courier.deliver(twilio_voice.ended(self._call, state, seconds))

    def _hear(self) -> None:
        for said in self._document:
            for verb in [*said.iter("Say"), *said.iter("Play")]:
                text = (verb.text or "").strip()
                self._world.phones.keep(
                    Item(
                        channel="voice",
                        person=self._person,
                        account=self._call.account.id,
                        id=self._call.sid,
                        kind="spoken",
                        text=text if verb.tag == "Say" else "",
                        media=(Media(kind="audio", url=text),) if verb.tag == "Play" else (),
                        at=self._world.now().isoformat(),
                        provider="twilio",
                    )
                )
