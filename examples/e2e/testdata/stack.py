"""The account in which the stack is created. The endpoint, Region and keys are in
the environment; JSON is read and printed.

    stack.py upload PACKAGE     put the package where the input says
    stack.py found TEMPLATE     print all that is there of the stack, and quieten it
    stack.py events             put the events of the input on the event bus
"""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

STACK = "eipbinder"


def client(service):
    # moto may take its time; a second try would find done what the first one did
    return boto3.client(service, config=Config(read_timeout=300, retries={"total_max_attempts": 1}))


def upload(package):
    where = json.load(sys.stdin)
    bucket = {"LocationConstraint": client("s3").meta.region_name}
    client("s3").create_bucket(Bucket=where["bucket"], CreateBucketConfiguration=bucket)
    client("s3").upload_file(package, where["bucket"], where["key"])


def found(template):
    with open(template) as file:
        there = all_of(json.load(file)["Resources"])
    quieten(there)
    return there


def quieten(there):
    """Turns off what moto does otherwise than AWS: it hands every event to a rule
    that has a schedule and no pattern, and has nobody to hand it to; and for the
    event source mapping it would run the function in Docker."""
    sweep = there["rules"]["Sweep"]
    if sweep["Targets"]:
        client("events").remove_targets(Rule=sweep["Name"], Ids=[target["Id"] for target in sweep["Targets"]])
    client("lambda").update_event_source_mapping(UUID=there["resources"]["QueueSource"], Enabled=False)


def all_of(resources):
    """What the services themselves say, and not what CloudFormation says."""
    formation = client("cloudformation")
    stack = formation.describe_stacks(StackName=STACK)["Stacks"][0]
    summaries = formation.list_stack_resources(StackName=STACK)["StackResourceSummaries"]
    ids = {s["LogicalResourceId"]: s["PhysicalResourceId"] for s in summaries if s["LogicalResourceId"]}

    def each(kind, look):
        return {name: look(ids[name]) for name, made in resources.items() if made["Type"] == kind and name in ids}

    return {
        "status": stack["StackStatus"],
        "parameters": {p["ParameterKey"]: p["ParameterValue"] for p in stack["Parameters"]},
        "resources": ids,
        "tables": each("AWS::DynamoDB::Table", table),
        "queues": each("AWS::SQS::Queue", queue),
        "rules": each("AWS::Events::Rule", rule),
        "roles": each("AWS::IAM::Role", role),
        "functions": each("AWS::Lambda::Function", function),
        "source": client("lambda").get_event_source_mapping(UUID=ids["QueueSource"]),
        "logs": client("logs").describe_log_groups(logGroupNamePrefix=ids["LogGroup"])["logGroups"],
        "nodePolicy": managed(ids["NodePolicy"]),
        "dashboard": json.loads(client("cloudwatch").get_dashboard(DashboardName=ids["Dashboard"])["DashboardBody"]),
        "alarms": client("cloudwatch").describe_alarms()["MetricAlarms"],
        "apis": client("apigatewayv2").get_apis()["Items"],
    }


def table(name):
    made = client("dynamodb").describe_table(TableName=name)["Table"]
    backups = client("dynamodb").describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    return made | {"PointInTimeRecovery": backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]}


def queue(url):
    return client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]


def rule(name):
    events = client("events")
    return events.describe_rule(Name=name) | {"Targets": events.list_targets_by_rule(Rule=name)["Targets"]}


def role(name):
    iam = client("iam")
    names = iam.list_role_policies(RoleName=name)["PolicyNames"]
    return {
        "Trust": iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"],
        "Policies": {n: iam.get_role_policy(RoleName=name, PolicyName=n)["PolicyDocument"] for n in names},
        "Attached": iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"],
    }


def managed(arn):
    iam = client("iam")
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]


def function(name):
    lambdas = client("lambda")
    try:
        retries = lambdas.get_function_event_invoke_config(FunctionName=name)
    except ClientError:
        retries = None
    return lambdas.get_function_configuration(FunctionName=name) | {
        "Reserved": lambdas.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions", 0),
        "Permissions": json.loads(lambdas.get_policy(FunctionName=name)["Policy"])["Statement"],
        "Retries": retries,
    }


def events():
    entries = json.load(sys.stdin)
    for i in range(0, len(entries), 10):
        answer = client("events").put_events(Entries=entries[i : i + 10])
        if answer["FailedEntryCount"]:
            raise SystemExit(answer)
    return len(entries)


commands = {"upload": upload, "found": found, "events": events}
print(json.dumps(commands[sys.argv[1]](*sys.argv[2:]), default=str))
