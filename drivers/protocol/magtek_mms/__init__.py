"""MagTek Messaging Schema (DynaFlex, DynaProx): messages, commands and card data.

From the public programmer's manuals D998200383 and D998200597. Both ends use it: the
driver encodes what the simulator decodes, and the other way round.
"""
