"""What a caller hears, as TwiML. Nothing a caller sends gets into it, so it is always whole.

Facts: twilio.com/docs/voice/twiml. The line never says whose it is: an employer may be listening.
"""

from urllib.parse import urlencode

from twilio.twiml.voice_response import Gather, VoiceResponse

from channels.voice.settings import Settings

MENU, LEAVE_MESSAGE, GOODBYE = PHRASES = ("voice.menu", "voice.leave_message", "voice.goodbye")

# language → (locale, voice). Twilio has no voice for my, km, lo, ne and the others: they need recordings.
# A pair Twilio does not know skips the text, so each voice is named.
_VOICES = {
    "th": ("th-TH", "Google.th-TH-Standard-A"),
    "vi": ("vi-VN", "Google.vi-VN-Standard-A"),
    "id": ("id-ID", "Google.id-ID-Standard-A"),
    "bn": ("bn-IN", "Google.bn-IN-Standard-C"),
    "hi": ("hi-IN", "Polly.Aditi"),
    "tl": ("fil-PH", "Google.fil-PH-Standard-A"),
    "ta": ("ta-IN", "Google.ta-IN-Standard-C"),
    "ms": ("ms-MY", "Google.ms-MY-Standard-A"),
    "en": ("en-US", "Polly.Joanna"),
    "es": ("es-US", "Polly.Lupe"),
}


def ask_language(line: Settings, *, again: bool = False) -> str:
    """The menu, each language in its own words; `again` is the second and last time."""
    action = _url(line, "language", **{"try": "2"} if again else {})
    heard = VoiceResponse()
    keys = Gather(
        input="dtmf",
        num_digits=1,
        timeout=8,
        finish_on_key="",
        action=action,
        method="POST",
        action_on_empty_result=True,
    )
    spoken = [_say(keys, line, MENU, language, str(key)) for key, language in enumerate(line.languages, 1)]
    if not any(spoken):
        keys.pause(length=1)
    heard.append(keys)
    heard.redirect(action, method="POST")
    return str(heard)


def take_message(line: Settings, language: str | None) -> str:
    """Ask for a message and record it. `language` is the one chosen, if any."""
    carried = {"language": language} if language else {}
    heard = VoiceResponse()
    _say_somehow(heard, line, LEAVE_MESSAGE, language)
    heard.record(
        max_length=line.voicemail_seconds,
        play_beep=True,
        finish_on_key="#",
        timeout=5,
        action=_url(line, "voicemail", **carried),
        method="POST",
        recording_status_callback=_url(line, "recording", **carried),
        recording_status_callback_method="POST",
        recording_status_callback_event="completed absent",
    )
    heard.redirect(_url(line, "silence", **carried), method="POST")  # an empty recording does not call the action
    return str(heard)


def goodbye(line: Settings, language: str | None) -> str:
    """Last words, then the end of the call."""
    heard = VoiceResponse()
    _say_somehow(heard, line, GOODBYE, language)
    heard.hangup()
    return str(heard)


def hang_up() -> str:
    """The end of the call, at once."""
    heard = VoiceResponse()
    heard.hangup()
    return str(heard)


def _say_somehow(verbs: VoiceResponse, line: Settings, phrase: str, language: str | None) -> None:
    """In the language chosen (else the line's first), else in English, else a moment of silence."""
    if not _say(verbs, line, phrase, language or line.languages[0]) and not _say(verbs, line, phrase, "en"):
        verbs.pause(length=1)


def _say(verbs: VoiceResponse | Gather, line: Settings, phrase: str, language: str, key: str = "") -> bool:
    """Play the recording, or speak the words; False where there is neither."""
    recording = line.recordings.get(language, {}).get(phrase.removeprefix("voice."))
    text = line.phrases.get(phrase, {}).get(language)
    if recording:
        verbs.play(recording)
    elif text and language in _VOICES:
        locale, voice = _VOICES[language]
        verbs.say(text.replace("{key}", key), language=locale, voice=voice)
    else:
        return False
    return True


def _url(line: Settings, step: str, **query: str) -> str:
    """Where the call goes on. Parameters in alphabetical order: Twilio signs another order than it calls."""
    return f"{line.hook_url}/{step}" + (f"?{urlencode(sorted(query.items()))}" if query else "")
