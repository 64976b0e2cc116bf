"""What can go wrong between a recording and its text."""

from config.errors import AnxinError, Blame


class AudioMissing(AnxinError):
    """There is no file at that path."""

    code = "audio-missing"
    blame = Blame.US


class AudioEmpty(AnxinError):
    """The file holds no sound at all: zero bytes, or a header without samples."""

    code = "audio-empty"
    blame = Blame.CARRIER
    retryable = True  # a carrier may answer before its file is written


class NotAudio(AnxinError):
    """The bytes are of no sound format that we can read."""

    code = "not-audio"
    blame = Blame.CARRIER


class TooManyChannels(AnxinError):
    """A call has one channel or two."""

    code = "too-many-channels"
    blame = Blame.CARRIER


class NoRecognizer(AnxinError):
    """There is no model to recognise speech with; the recording waits."""

    code = "no-recognizer"
    blame = Blame.US
    retryable = True


class BadModel(AnxinError):
    """A model's files are missing, damaged, or not what they should be."""

    code = "bad-model"
    blame = Blame.US


class FetchFailed(AnxinError):
    """A download did not come through; what arrived is kept and the next try goes on from there."""

    code = "fetch-failed"
    blame = Blame.UNKNOWN
    retryable = True


class RecordingGone(AnxinError):
    """The carrier says that it has no such recording, and will not."""

    code = "recording-gone"
    blame = Blame.CARRIER


class RecordingLate(AnxinError):
    """The carrier has no media yet, or cannot be reached: try again."""

    code = "recording-late"
    blame = Blame.CARRIER
    retryable = True


class BadData(AnxinError):
    """A data file of ours (hints, models, lexicon) does not have the shape it must have."""

    code = "bad-data"
    blame = Blame.US
