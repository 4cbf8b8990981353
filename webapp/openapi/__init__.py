"""The OpenAPI document: what the HTTP interface takes and answers."""
