"""A life of an address and a record as boto3 sees it; prints ok at its end."""

import boto3
from botocore.exceptions import ClientError


def code(call, **parameters):
    try:
        call(**parameters)
    except ClientError as e:
        return e.response["Error"]["Code"]
    return None


def expect(got, want):
    assert got == want, f"got {got!r}, want {want!r}"


ec2, route53 = boto3.client("ec2"), boto3.client("route53")

expect(ec2.describe_addresses()["Addresses"], [])
expect(ec2.describe_instances()["Reservations"], [])

instances = ec2.run_instances(ImageId="ami-1", MinCount=2, MaxCount=2, InstanceType="c7gn.large")["Instances"]
expect([i["State"]["Name"] for i in instances], ["pending", "pending"])
enis = [i["NetworkInterfaces"][0]["NetworkInterfaceId"] for i in instances]
ids = [i["InstanceId"] for i in instances]

address = ec2.allocate_address(
    Domain="vpc",
    TagSpecifications=[{"ResourceType": "elastic-ip", "Tags": [{"Key": "pool", "Value": "media & <more>"}]}],
)
allocation = address["AllocationId"]
association = ec2.associate_address(AllocationId=allocation, NetworkInterfaceId=enis[0], AllowReassociation=False)
expect(
    code(ec2.associate_address, AllocationId=allocation, NetworkInterfaceId=enis[1], AllowReassociation=False),
    "Resource.AlreadyAssociated",
)
[found] = ec2.describe_addresses(Filters=[{"Name": "tag:pool", "Values": ["media*"]}])["Addresses"]
expect(found["InstanceId"], ids[0])
expect(found["Tags"], [{"Key": "pool", "Value": "media & <more>"}])
[held] = ec2.describe_instances(InstanceIds=[ids[0]])["Reservations"][0]["Instances"]
expect(held["PublicIpAddress"], address["PublicIp"])
expect(held["NetworkInterfaces"][0]["Association"]["IpOwnerId"], "123456789012")
expect(code(ec2.release_address, AllocationId=allocation), "InvalidIPAddress.InUse")
pages = ec2.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 5})
expect(sum(len(r["Instances"]) for page in pages for r in page["Reservations"]), 2)
ec2.terminate_instances(InstanceIds=ids)
expect(code(ec2.disassociate_address, AssociationId=association["AssociationId"]), "InvalidAssociationID.NotFound")
ec2.release_address(AllocationId=allocation)

zone = route53.create_hosted_zone(Name="example.com", CallerReference="x")["HostedZone"]["Id"]


def change(action, value, name="*.example.com"):
    record = {"Name": name, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": value}]}
    return {"Changes": [{"Action": action, "ResourceRecordSet": record}]}


info = route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=change("CREATE", "192.0.2.1"))["ChangeInfo"]
expect(route53.get_change(Id=info["Id"])["ChangeInfo"]["Status"], "PENDING")
for action, value in [("CREATE", "192.0.2.2"), ("DELETE", "192.0.2.2")]:
    expect(
        code(route53.change_resource_record_sets, HostedZoneId=zone, ChangeBatch=change(action, value)),
        "InvalidChangeBatch",
    )
sets = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
expect([s["Name"] for s in sets], ["example.com.", "example.com.", "\\052.example.com."])
expect(sets[2]["ResourceRecords"], [{"Value": "192.0.2.1"}])
route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=change("DELETE", "192.0.2.1"))
route53.delete_hosted_zone(Id=zone)
expect(route53.list_hosted_zones()["HostedZones"], [])

print("ok")
