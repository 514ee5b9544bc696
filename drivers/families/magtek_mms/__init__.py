"""MagTek readers that speak MMS: DynaProx today, DynaFlex over other wires."""
