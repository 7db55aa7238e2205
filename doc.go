// Package eipbinder is the root of a library that gives every autoscaled
// worker its public identity: an Elastic IP address of a tagged pool, a DNS
// name by a pluggable policy, and a record by which schedule servers find it.
// When the worker goes, all of it is taken back.
//
// The root holds no code. Package binder ties the parts together: a Binder serves
// one class of workers, a Mux several.
//
//   - binder/ec2fleet, binder/memfleet: the workers, on Amazon EC2 and in memory
//   - eippool: the addresses; eippool/ec2pool, eippool/mempool
//   - dnspolicy: the names, with the built-in policies, and the zone;
//     dnspolicy/route53zone, dnspolicy/memzone
//   - store: the records; store/dynamostore, store/memstore, and
//     store/sqlstore (a module of its own) for SQLite and PostgreSQL
//   - ec2tag: which workers and addresses, by their tags
//   - pacing: how fast AWS is called
//   - adapters: the ways in, such as adapters/lambdaevent
//
// The packages eippool/pooltest, dnspolicy/zonetest, dnspolicy/policytest and
// store/storetest prove implementations of others right. The interface packages
// import the standard library only, and binder no SDK.
package eipbinder
