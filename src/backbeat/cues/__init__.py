"""What the runner feels and hears: vibration, buzzer, voice; and the button on the belt."""
