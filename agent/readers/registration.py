"""From a registration code to a reader's record, or why there is none."""

from __future__ import annotations

from agent.clock import Clock
from agent.errors import (
    LocalReaderInLivemode,
    ReaderAlreadyRegistered,
    ReaderOffline,
    ReaderOfOtherAccount,
    RegistrationCodeInvalid,
)
from agent.ids import Random, ReaderId, new_id
from agent.journal.readers import RegisteredReader
from agent.readers.claims import PortOfOtherAccount
from agent.readers.discovered import SCHEMES
from agent.readers.discovery import Discovery
from agent.readers.opening import prepare_slot
from agent.readers.ports import Ports
from agent.readers.roster import Roster
from drivers.errors import DriverError, LocalError
from drivers.reader import Reader

LOCAL_SCHEMES = tuple(f"{scheme}:" for scheme in SCHEMES.values())
"""What a registration code of a locally driven reader starts with."""


class Registration:
    """Checks and asks; writing the record down is for the fleet."""

    def __init__(
        self,
        roster: Roster,
        *,
        ports: Ports,
        discovery: Discovery,
        clock: Clock,
        random: Random,
        livemode: bool,
    ) -> None:
        self._roster = roster
        self._ports = ports
        self._discovery = discovery
        self._clock = clock
        self._random = random
        self._livemode = livemode

    async def identified(self, spec: str) -> Reader:
        """Whoever answers on this port.

        Raises RegistrationCodeInvalid, LocalReaderInLivemode, ReaderAlreadyRegistered,
        ReaderOfOtherAccount and ReaderOffline.
        """
        self._check_code(spec)
        self._check_port_is_free(spec)
        try:
            model = self._discovery.model_at(spec)
            reader = await self._ports.opened(spec, model=model)
        except LocalError as error:
            raise RegistrationCodeInvalid(
                str(error), param="registration_code"
            ) from error
        except PortOfOtherAccount as error:
            raise ReaderOfOtherAccount(
                f"At {spec} is a reader of another account.", param="registration_code"
            ) from error
        except DriverError as error:
            # Somebody else may have registered it meanwhile.
            self._check_port_is_free(spec)
            raise ReaderOffline(
                f"No reader could be reached: {error}", param="registration_code"
            ) from error
        await prepare_slot(reader, self._ports, spec)
        return reader

    def record_of(
        self,
        reader: Reader,
        spec: str,
        *,
        label: str | None,
        location: str | None,
        metadata: dict[str, str],
    ) -> RegisteredReader:
        """What is to be kept of the reader.

        Raises ReaderAlreadyRegistered and ReaderOfOtherAccount.
        """
        self._check_is_new(reader)
        info = reader.info
        return RegisteredReader(
            reader_id=ReaderId(new_id("tmr", self._random)),
            spec=spec,
            model=info.model,
            device_type=info.model,
            serial_number=info.serial_number,
            firmware_version=info.firmware_version,
            label=label if label is not None else spec,
            location=location,
            metadata=metadata,
            registered_at=self._clock.now(),
        )

    def _check_code(self, registration_code: str) -> None:
        if not registration_code.startswith(LOCAL_SCHEMES):
            raise RegistrationCodeInvalid(
                f"'{registration_code}' is not the code of a reader on this machine.",
                param="registration_code",
            )
        if self._livemode:
            raise LocalReaderInLivemode(
                "Stripe takes live card data only from its own readers.",
                param="registration_code",
            )

    def _check_port_is_free(self, spec: str) -> None:
        online = self._roster.online_at(spec)
        if online is not None:
            raise ReaderAlreadyRegistered(
                f"{spec} is registered as {online.reader_id}.",
                param="registration_code",
            )

    def _check_is_new(self, reader: Reader) -> None:
        serial_number = reader.info.serial_number
        if self._roster.is_others(serial_number):
            raise ReaderOfOtherAccount(
                f"Reader {serial_number} is registered in another account.",
                param="registration_code",
            )
        known = self._roster.with_serial_number(serial_number)
        if known is not None:
            raise ReaderAlreadyRegistered(
                f"Reader {serial_number} is registered as {known.record.reader_id}.",
                param="registration_code",
            )
