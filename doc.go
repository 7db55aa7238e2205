// Package eipbinder is the root of a library that gives every autoscaled
// worker its public identity: an Elastic IP address of a tagged pool, a DNS
// name by a pluggable policy, and a record by which schedule servers find it.
// When the worker goes, all of it is taken back.
//
// The root holds no code. Package binder ties the parts together:
//
//   - eippool: the addresses (ec2pool on Amazon EC2, mempool in memory)
//   - dnspolicy: the names and the zone (route53zone, memzone)
//   - store: the records (dynamostore, memstore)
//   - adapters: the ways in, such as lambdaevent
//
// The packages pooltest, zonetest and storetest prove implementations of
// others right.
package eipbinder
