"""What reaches a runner on the way: a vibration motor or a buzzer, a few spoken words, and one button to answer with.

`rules` decides what is told (pure), `patterns` how it feels and sounds; `motor`, `button` and `voice` act, each on
threads of their own (`performer`), so that no pin and no program can hold up the analysis. `belt.Belt` joins them as
a consumer of a run.
"""
