"""ID TECH's NEO protocol ("ViVOtech2"): frames, commands, events and card data.

From the public NEO 2 interface guide 80139403 and the user manuals of VP3350 and
Kiosk V. Both ends use it: the driver encodes what the simulator decodes, and the other
way round.
"""
