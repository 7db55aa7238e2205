"""A schedule server, as far as the record table goes. All that it knows of the
table is its documented schema: partition key EIP (S), sort key DNS_Record (S),
AssociationId (S), allocated (BOOL). The endpoint, Region and keys are in the
environment.

    schedule_server.py acquire    take a worker that is not allocated, and print its item
    schedule_server.py list       print all items
"""

import json
import sys

import boto3
from boto3.dynamodb.conditions import Attr

table = boto3.resource("dynamodb").Table("record_table")


def items(**condition):
    page = table.scan(ConsistentRead=True, **condition)
    while True:
        for item in page["Items"]:
            yield {name: item[name] for name in ("EIP", "DNS_Record", "AssociationId", "allocated")}
        if "LastEvaluatedKey" not in page:
            return
        page = table.scan(ConsistentRead=True, ExclusiveStartKey=page["LastEvaluatedKey"], **condition)


def acquire():
    for item in items(FilterExpression=Attr("allocated").eq(False)):
        table.update_item(
            Key={"EIP": item["EIP"], "DNS_Record": item["DNS_Record"]},
            UpdateExpression="SET allocated = :taken",
            ConditionExpression=Attr("EIP").exists() & Attr("allocated").eq(False),
            ExpressionAttributeValues={":taken": True},
        )
        return item
    raise SystemExit("no worker is to be had")


command = sys.argv[1]
print(json.dumps(acquire() if command == "acquire" else list(items())))
