"""The errors that a user sees, without a traceback, and the exit codes."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What ``auditor`` returns to its caller."""

    DONE = 0
    FAILED = 1
    WRONG_USE = 2
    ABOVE_LIMITS = 3  # done, but above a limit of the policy, or a day beside is not complete


class AuditorError(Exception):
    """Base of the errors that are shown as one message: what is wrong, where, and what to do."""

    exit_code = ExitCode.FAILED


class ConfigurationError(AuditorError):
    """The policy, an option or an address is wrong; the message names the key."""

    exit_code = ExitCode.WRONG_USE


class SourceError(AuditorError):
    """An input as a whole cannot be used. One bad row or frame never raises: it is rejected."""


class NoSourceError(SourceError):
    """There is nothing at the address of an input: it is wrong, or the storage is not there yet."""

    exit_code = ExitCode.WRONG_USE


class StorageError(AuditorError, OSError):
    """The storage behind an address failed, or has no room or no right for a result.

    Nothing is half-written, and nothing is wrong with the request: retrying may help.
    """


class ModelError(AuditorError):
    """The age model's files are missing, changed, or not what their card says."""


class NoModelError(ModelError):
    """A version of the age model was named that is not there."""

    exit_code = ExitCode.WRONG_USE


class ContractError(AuditorError):
    """A table does not have the columns, types or nulls that its schema states."""


class BusyError(AuditorError):
    """Another run is at work on the same day; it can be waited for."""


class OvertakenError(AuditorError):
    """Another run has taken the day over or finished it: trying this one again is of no use."""
