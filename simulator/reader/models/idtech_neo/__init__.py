"""ID TECH's NEO readers: VP3300 and VP3350, VP5300, VP6800, VP8800, Kiosk III and V.

Both ends share the codec `drivers.protocol.idtech_neo`; behaviour is from the public
interface guide 80139403. Nothing here was compared with a device.
"""
