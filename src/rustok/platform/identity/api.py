"""What the server's edge, the command line and other features may call of identity."""

from rustok.platform.identity.errors import (
    EmailTaken,
    InvalidCredentials,
    SecondFactorRequiredHere,
    UserNotFound,
    UserSessionNeeded,
)
from rustok.platform.identity.model import (
    ApiKey,
    NewApiKey,
    Role,
    Session,
    SignedIn,
    SigningKeyState,
    User,
)
from rustok.platform.identity.service.api_keys import create as create_api_key
from rustok.platform.identity.service.api_keys import list_keys as list_api_keys
from rustok.platform.identity.service.api_keys import revoke as revoke_api_key
from rustok.platform.identity.service.authentication import authenticate, finish_notes
from rustok.platform.identity.service.customers import register as register_customer
from rustok.platform.identity.service.passwords import hash_new_password
from rustok.platform.identity.service.passwords import reset as reset_password
from rustok.platform.identity.service.personal import Erased, PersonalData, erase_person
from rustok.platform.identity.service.personal import export as export_person
from rustok.platform.identity.service.roles import list_roles
from rustok.platform.identity.service.signing import list_keys as list_signing_keys
from rustok.platform.identity.service.signing import public_keys
from rustok.platform.identity.service.signing import ready as read_signing_keys
from rustok.platform.identity.service.signing import rotate as rotate_signing_keys
from rustok.platform.identity.service.signing_in import login
from rustok.platform.identity.service.staff import add_staff, create_first_admin, create_staff
from rustok.platform.identity.service.users import disable as disable_user
from rustok.platform.identity.service.users import enable as enable_user
from rustok.platform.identity.service.users import get as get_user
from rustok.platform.identity.service.users import list_users

__all__ = [
    "ApiKey",
    "EmailTaken",
    "Erased",
    "InvalidCredentials",
    "NewApiKey",
    "PersonalData",
    "Role",
    "SecondFactorRequiredHere",
    "Session",
    "SignedIn",
    "SigningKeyState",
    "User",
    "UserNotFound",
    "UserSessionNeeded",
    "add_staff",
    "authenticate",
    "create_api_key",
    "create_first_admin",
    "create_staff",
    "disable_user",
    "enable_user",
    "erase_person",
    "export_person",
    "finish_notes",
    "get_user",
    "hash_new_password",
    "list_api_keys",
    "list_roles",
    "list_signing_keys",
    "list_users",
    "login",
    "public_keys",
    "read_signing_keys",
    "register_customer",
    "reset_password",
    "revoke_api_key",
    "rotate_signing_keys",
]
