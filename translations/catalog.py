"""stand-in"""
from translations.identify import CODES
def languages(): return CODES
def pattern(key: str, language: str) -> str: return "x {key}"
def reviewed(key: str, language: str) -> bool: return language == "en"
def say(key: str, language: str, **values: object) -> str: return "x"
