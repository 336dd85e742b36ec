"""Bluetooth sensors without a radio: emulated sensors behind BlueZ's own D-Bus interface, on a private bus.

bleak and its BlueZ backend run unchanged; what bluetoothd does follows a recorded trace of bluetoothd 5.66.
"""
