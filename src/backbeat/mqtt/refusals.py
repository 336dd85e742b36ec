"""What a broker's refusals mean for the person who has to mend it (reason codes of MQTT 5.0, section 2.4).

paho translates the return codes of MQTT 3.1.1 into these.
"""

from __future__ import annotations

from dataclasses import dataclass

WRONG_VERSION = 0x84
PACKET_TOO_LARGE = 0x95


@dataclass(frozen=True, slots=True)
class Refusal:
    """A reason that a broker gave.

    Attributes:
        sentence: goes on after "The broker x" or "The broker x refused y:".
        lasting: asking again soon is no use.
    """

    sentence: str
    lasting: bool


CONNECTION = {
    0x84: Refusal("does not speak the MQTT version that is set; set version to auto", lasting=True),
    0x85: Refusal("does not accept this client id; choose other ids for team and runner", lasting=True),
    0x86: Refusal("does not accept user and password; check both", lasting=True),
    0x87: Refusal("lets only authorised users in; check user, password and the broker's access list", lasting=True),
    0x88: Refusal("is not available at present", lasting=False),
    0x89: Refusal("is busy", lasting=False),
    0x8A: Refusal("has banned this device; ask who runs it", lasting=True),
    0x8B: Refusal("is shutting down", lasting=False),
    0x8C: Refusal("wants another way to log in than user and password", lasting=True),
    0x8E: Refusal(
        "has another device with the same team and runner, which took our place; give each its own runner", lasting=True
    ),
    0x95: Refusal("does not accept messages of this size; raise its limit", lasting=True),
    0x97: Refusal("says that this user's quota is used up", lasting=True),
    0x98: Refusal("was told by its operator to disconnect us", lasting=True),
    0x9C: Refusal("asks to use another server", lasting=True),
    0x9D: Refusal("has moved to another server", lasting=True),
    0x9F: Refusal("gets too many connections at present", lasting=False),
}
"""On connecting, or as the reason of a disconnection."""


def why_not(reason: str, code: int | None) -> Refusal:
    """Why there is no connection: what the broker's code means, or that it was not reached."""
    refusal = CONNECTION.get(code) if code is not None else None
    return refusal or Refusal(f"cannot be reached: {reason}", lasting=False)


def no_reading(broker: str, topic: str, reason: str) -> str:
    """What it means that a broker does not give a subscription, for its access list or a limit of its own."""
    return (
        f"The broker {broker} does not let us read {topic} ({reason}); give this user the right in the broker's access "
        "list, or raise its limit of subscriptions."
    )


MESSAGE = {
    0x87: Refusal("this user may not write there; give it the right in the broker's access list", lasting=True),
    0x90: Refusal("it does not accept this topic; choose another root", lasting=True),
    0x95: Refusal("it is larger than the broker takes; raise the broker's limit", lasting=True),
    0x97: Refusal("this user's quota is used up; it is tried again", lasting=False),
    0x99: Refusal("it does not accept the payload", lasting=True),
}
"""On a message; any other reason passes, or so we hope."""
