"""What can go wrong with media."""

from __future__ import annotations

from rustok.core.errors import Conflict, InvalidInput, NotFound
from rustok.core.invalid_value import InvalidValue


class MediaNotFound(NotFound):
    code = "media_not_found"
    title = "There is no such media"

    def __init__(self) -> None:
        super().__init__("The tenant has no such media.")


class PictureTooLarge(InvalidInput):
    """Unpacked, the picture would take gigabytes in whatever shows it, however small the file is."""

    code = "picture_too_large"
    title = "The picture has too many pixels"
    status = 422
    mend = "Upload a smaller picture: at most 100 million pixels and 32,768 along a side."

    def __init__(self, width: int, height: int) -> None:
        super().__init__(
            f"The picture says it has {width} by {height} pixels.",
            extensions={"width": width, "height": height},
        )


class MediaTypeRefused(InvalidInput):
    """The content is of no type that is taken, whatever it was declared as."""

    code = "media_type_refused"
    title = "This type of file is not taken"
    status = 415
    mend = "Upload PNG, JPEG, GIF, WebP, AVIF or PDF; refer to other files by their address."

    def __init__(self) -> None:
        super().__init__("The content is no PNG, JPEG, GIF, WebP, AVIF or PDF file.")


class MediaInUse(Conflict):
    code = "media_in_use"
    title = "The media is in use"
    mend = "Take it from the nodes and products that show it first."

    def __init__(self) -> None:
        super().__init__("Something still shows this media.")


class InvalidMediaUrl(InvalidValue):
    code = "invalid_media_url"
    title = "This is no address of a file"
