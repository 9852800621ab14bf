"""What is counted at the door, for Prometheus. Labels are channels and outcomes, never ids."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()
WEBHOOKS = Counter(
    "worker_voice_webhooks_total", "Webhook requests by what became of them", ["channel", "outcome"], registry=REGISTRY
)
SECONDS = Histogram(
    "worker_voice_webhook_seconds",
    "From the first byte of a webhook's body to its answer",
    ["channel"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2),
    registry=REGISTRY,
)
STORED = Gauge("worker_voice_door_receipts", "Receipts kept since the start", ["where"], registry=REGISTRY)
SPOOL = Gauge("worker_voice_spool_bytes", "Receipts waiting on local disk", registry=REGISTRY)
DATABASE = Gauge("worker_voice_database_up", "1 while receipts go to the database", registry=REGISTRY)
STORE = Gauge("worker_voice_store", "Counts and ages of what is in the store", ["what"], registry=REGISTRY)
