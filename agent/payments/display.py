"""`set_reader_display`: a cart on the reader's screen, until something else is wanted."""

from __future__ import annotations

from contextlib import suppress

from agent.errors import ReaderError
from agent.journal.entries import Performed
from agent.log import get_logger
from agent.payments.cancellation import Cancellation
from agent.payments.cart import Cart, cart_lines
from agent.payments.failures import canceled, reader_failed, succeeded
from agent.payments.record import PaymentRecord
from agent.payments.wanted import SetReaderDisplay
from agent.readers.session import ReaderSession
from drivers.errors import DriverError, FeatureUnsupported
from drivers.features import Features, ImageKind
from drivers.picture import columns_of, rows_of, text_picture

log = get_logger(__name__)


async def set_reader_display(
    record: PaymentRecord,
    wanted: SetReaderDisplay,
    *,
    session: ReaderSession,
    cancellation: Cancellation,
) -> None:
    """Show the cart; returns with the action finished.

    Raises JournalError where the journal failed: then it is left for recovery.
    """
    payment_id = record.payment.payment_id
    end = succeeded(payment_id)
    try:
        async with cancellation.of_questions(), session.hold() as reader:
            await _show(wanted.cart, reader.features)
    except (DriverError, ReaderError) as error:
        end = reader_failed(payment_id, error)
    if cancellation.requested:
        await record.end(canceled(payment_id))
    elif end.failure_code is not None:
        await record.end(end)
    else:
        await record.end(end, after=Performed(payment_id))


async def clear_display(session: ReaderSession) -> None:
    """Take a cart off the screen; a reader that is away has lost it already."""
    with suppress(ReaderError):
        async with session.hold() as reader:
            features = reader.features
            try:
                if features.text_screen is not None:
                    await features.text_screen.clear()
                elif features.screen is not None:
                    await features.screen.clear()
            except DriverError as error:
                log.warning("display.not_cleared", code=error.code)


async def _show(cart: Cart, features: Features) -> None:
    text_screen, screen = features.text_screen, features.screen
    if text_screen is not None:
        lines = cart_lines(cart, rows=text_screen.rows, columns=text_screen.columns)
        await text_screen.show_text([_latin(line) for line in lines])
    elif screen is not None:
        width, height = screen.width, screen.height
        lines = cart_lines(cart, rows=rows_of(height), columns=columns_of(width))
        picture = text_picture(lines, width=width, height=height)
        await screen.show_image(ImageKind.BITMAP, picture, seconds=0)
    else:
        raise FeatureUnsupported("the reader has no screen")


def _latin(line: str) -> str:
    """In the letters that readers' own displays have; `?` for all others."""
    known = line.encode("latin-1", "replace").decode("latin-1")
    return "".join(each if each.isprintable() else "?" for each in known)
