"""MagTek's readers that speak MMS: DynaProx, DynaFlex, DynaFlex II, II PED, II Go."""
