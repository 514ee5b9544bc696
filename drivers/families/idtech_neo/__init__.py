"""ID TECH readers that speak NEO: VP3300, VP3350, VP5300, VP6800, VP8800, Kiosk III, V."""
