"""Webhooks over HTTP: administration of endpoints, and the log of deliveries."""

from __future__ import annotations

from uuid import UUID

from rustok.core.errors import IllegalTransition
from rustok.core.pagination import Page, PageRequest
from rustok.core.routing import ReadCall, Reply, Routes, WriteCall
from rustok.core.security.ssrf import UnsafeUrl
from rustok.platform.webhooks.errors import (
    InvalidEventFilter,
    WebhookDeliveryNotFound,
    WebhookEndpointIsDisabled,
    WebhookEndpointLimit,
    WebhookEndpointNotFound,
)
from rustok.platform.webhooks.schemas import (
    CreateWebhookEndpoint,
    DeliveryQuery,
    DisableWebhookEndpoint,
    RotateWebhookSecret,
    UpdateWebhookEndpoint,
    WebhookDeliveryLog,
    WebhookDeliveryView,
    WebhookEndpointView,
    WebhookSecretView,
    delivery_log,
    delivery_view,
    endpoint_view,
    secret_view,
)
from rustok.platform.webhooks.service import deliveries, endpoints

admin = Routes("webhooks", surface="admin", tag="Webhooks")
NO_STORE = {"cache-control": "no-store"}


@admin.get("/webhooks", permission="webhooks:list", summary="List webhook endpoints")
async def list_webhook_endpoints(call: ReadCall, query: PageRequest) -> Page[WebhookEndpointView]:
    page = await endpoints.list_endpoints(call.tx, query)
    return Page(items=[endpoint_view(one) for one in page.items], next_cursor=page.next_cursor)


# Idempotency is none: a stored response would keep the secret in clear.
@admin.post(
    "/webhooks",
    permission="webhooks:create",
    status=201,
    idempotency="none",
    precondition="none",
    summary="Add a webhook endpoint; its secret is shown this once",
    errors=[UnsafeUrl, InvalidEventFilter, WebhookEndpointLimit],
    example=CreateWebhookEndpoint(
        url="https://hooks.example.com/rustok",
        event_filters=["order.*", "inventory.low"],
        description="Warehouse",
    ),
)
async def create_webhook_endpoint(
    call: WriteCall, data: CreateWebhookEndpoint
) -> Reply[WebhookSecretView]:
    made = await endpoints.create(
        call.tx,
        call.parts.sealer,
        call.parts.outbound,
        url=data.url,
        event_filters=data.event_filters,
        description=data.description,
        mode=data.mode,
        is_ordered=data.is_ordered,
    )
    return Reply(
        body=secret_view(made),
        location=f"/api/v1/admin/webhooks/{made.endpoint.id}",
        headers=NO_STORE,
    )


@admin.get(
    "/webhooks/{endpoint_id}",
    permission="webhooks:read",
    summary="Show a webhook endpoint",
    errors=[WebhookEndpointNotFound],
)
async def get_webhook_endpoint(call: ReadCall, endpoint_id: UUID) -> WebhookEndpointView:
    return endpoint_view(await endpoints.get(call.tx, endpoint_id))


@admin.patch(
    "/webhooks/{endpoint_id}",
    permission="webhooks:update",
    summary="Change a webhook endpoint",
    errors=[WebhookEndpointNotFound, UnsafeUrl, InvalidEventFilter],
    example=UpdateWebhookEndpoint(event_filters=["order.*"], is_ordered=True),
)
async def update_webhook_endpoint(
    call: WriteCall, endpoint_id: UUID, data: UpdateWebhookEndpoint
) -> WebhookEndpointView:
    changed = await endpoints.update(
        call.tx,
        call.parts.outbound,
        endpoint_id,
        expected_version=call.expected_version,
        url=data.url,
        event_filters=data.event_filters,
        description=data.description,
        mode=data.mode,
        is_ordered=data.is_ordered,
    )
    return endpoint_view(changed)


@admin.delete(
    "/webhooks/{endpoint_id}",
    permission="webhooks:delete",
    summary="Delete a webhook endpoint with its deliveries",
    errors=[WebhookEndpointNotFound],
)
async def delete_webhook_endpoint(call: WriteCall, endpoint_id: UUID) -> None:
    await endpoints.delete(call.tx, endpoint_id, expected_version=call.expected_version)


@admin.post(
    "/webhooks/{endpoint_id}/rotate-secret",
    permission="webhooks:update",
    idempotency="none",
    step_up=True,
    summary="Make a new signing secret; it is shown this once",
    errors=[WebhookEndpointNotFound],
    example=RotateWebhookSecret(overlap_seconds=86_400),
)
async def rotate_webhook_secret(
    call: WriteCall, endpoint_id: UUID, data: RotateWebhookSecret
) -> Reply[WebhookSecretView]:
    made = await endpoints.rotate_secret(
        call.tx,
        call.parts.sealer,
        endpoint_id,
        overlap_seconds=data.overlap_seconds,
        expected_version=call.expected_version,
    )
    return Reply(body=secret_view(made), headers=NO_STORE)


@admin.post(
    "/webhooks/{endpoint_id}/disable",
    permission="webhooks:update",
    summary="Disable a webhook endpoint",
    errors=[WebhookEndpointNotFound, IllegalTransition],
    example=DisableWebhookEndpoint(reason="The receiver moves"),
)
async def disable_webhook_endpoint(
    call: WriteCall, endpoint_id: UUID, data: DisableWebhookEndpoint
) -> WebhookEndpointView:
    disabled = await endpoints.disable(
        call.tx, endpoint_id, reason=data.reason, expected_version=call.expected_version
    )
    return endpoint_view(disabled)


@admin.post(
    "/webhooks/{endpoint_id}/enable",
    permission="webhooks:update",
    summary="Enable a webhook endpoint",
    errors=[WebhookEndpointNotFound, IllegalTransition],
)
async def enable_webhook_endpoint(call: WriteCall, endpoint_id: UUID) -> WebhookEndpointView:
    active = await endpoints.enable(call.tx, endpoint_id, expected_version=call.expected_version)
    return endpoint_view(active)


@admin.post(
    "/webhooks/{endpoint_id}/ping",
    permission="webhooks:update",
    status=202,
    precondition="none",
    summary="Send a test event",
    errors=[WebhookEndpointNotFound, WebhookEndpointIsDisabled],
)
async def ping_webhook_endpoint(call: WriteCall, endpoint_id: UUID) -> Reply[WebhookDeliveryView]:
    delivery = await deliveries.ping(call.tx, endpoint_id)
    return Reply(
        body=delivery_view(delivery),
        location=f"/api/v1/admin/webhook-deliveries/{delivery.id}",
    )


@admin.get(
    "/webhook-deliveries",
    permission="webhooks:list",
    summary="List webhook deliveries, the newest first",
)
async def list_webhook_deliveries(
    call: ReadCall, query: DeliveryQuery
) -> Page[WebhookDeliveryView]:
    page = await deliveries.list_deliveries(
        call.tx, query, endpoint_id=query.endpoint_id, status=query.status
    )
    return Page(items=[delivery_view(one) for one in page.items], next_cursor=page.next_cursor)


@admin.get(
    "/webhook-deliveries/{delivery_id}",
    permission="webhooks:read",
    summary="Show a webhook delivery with its attempts",
    errors=[WebhookDeliveryNotFound],
)
async def get_webhook_delivery(call: ReadCall, delivery_id: UUID) -> WebhookDeliveryLog:
    return delivery_log(*await deliveries.get(call.tx, delivery_id))


@admin.post(
    "/webhook-deliveries/{delivery_id}/redeliver",
    permission="webhooks:update",
    status=202,
    precondition="none",
    summary="Send a webhook delivery once more",
    errors=[WebhookDeliveryNotFound, WebhookEndpointIsDisabled, IllegalTransition],
)
async def redeliver_webhook(call: WriteCall, delivery_id: UUID) -> WebhookDeliveryView:
    return delivery_view(await deliveries.redeliver(call.tx, delivery_id))
