"""How a connection to a Bluetooth sensor may end, and what to tell a person."""

from __future__ import annotations

from bleak.exc import BleakError

from firmware_host.radios.radio import RadioError

LINK_ERRORS = (BleakError, OSError, EOFError, LookupError, TimeoutError, RadioError)
"""What a connection may end with: bleak's own, D-Bus's, and ours. A dead bus raises OSError, no BleakError."""


class LinkLostError(RadioError):
    """The link is gone; one sentence says how."""


def explained(error: BaseException) -> str:
    """What went wrong with a link, for a person."""
    text = str(error)
    if isinstance(error, RadioError):
        return text
    if "Not paired" in text or "Insufficient" in text:
        return "it wants to be paired: add pair=1 to the URI to allow that for this address"
    if isinstance(error, LookupError):
        return f"{text}: sudo systemctl start bluetooth"
    if isinstance(error, TimeoutError):
        return "it does not answer in time: bring it near, close its phone app"
    if "POWERED_OFF" in text or "powered off" in text.lower() or "No powered" in text:
        return "Bluetooth is switched off: bluetoothctl power on"
    if isinstance(error, OSError):
        return f"there is no system bus to reach Bluetooth by ({error.strerror or text})"
    return text or type(error).__name__
