// Both sides of the greeting call on grpc-go: what lesson 06 is measured against. `python3 scripts/figures grpc`
// builds it, from Debian's golang-google-grpc-dev and without modules.
//
//	bench server                    listens on a free port, prints `listening on ADDR`
//	bench ADDR IN_FLIGHT CALLS      makes the calls on one connection, IN_FLIGHT of them at a time
//
// The client prints calls a second, and the median and the 99th percentile of a call in microseconds.
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"os"
	"sort"
	"strconv"
	"sync"
	"time"

	"google.golang.org/grpc"
)

const sayHello = "/greeter.v1.Greeter/SayHello"

// HelloRequest is what the compiler for .proto files would make of it, down to what is needed: Go's
// protobuf finds the number and the type of a field in its tag.
type HelloRequest struct {
	Name string `protobuf:"bytes,1,opt,name=name,proto3"`
}

func (r *HelloRequest) Reset()         { *r = HelloRequest{} }
func (r *HelloRequest) String() string { return r.Name }

// ProtoMessage marks it as a message.
func (*HelloRequest) ProtoMessage() {}

// HelloReply is the reply to it.
type HelloReply struct {
	Message string `protobuf:"bytes,1,opt,name=message,proto3"`
}

func (r *HelloReply) Reset()         { *r = HelloReply{} }
func (r *HelloReply) String() string { return r.Message }

// ProtoMessage marks it as a message.
func (*HelloReply) ProtoMessage() {}

// Greeter is the contract.
type Greeter interface {
	SayHello(context.Context, *HelloRequest) (*HelloReply, error)
}

type greetings struct{}

func (greetings) SayHello(_ context.Context, request *HelloRequest) (*HelloReply, error) {
	return &HelloReply{Message: "hello " + request.Name}, nil
}

func handle(
	server interface{}, ctx context.Context, decode func(interface{}) error,
	_ grpc.UnaryServerInterceptor,
) (interface{}, error) {
	request := new(HelloRequest)
	if err := decode(request); err != nil {
		return nil, err
	}
	return server.(Greeter).SayHello(ctx, request)
}

func serve() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "greeter.v1.Greeter",
		HandlerType: (*Greeter)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "SayHello", Handler: handle}},
	}, greetings{})
	fmt.Println("listening on", listener.Addr())
	log.Fatal(server.Serve(listener))
}

// greet makes so many calls, one after the other, and tells how long each of them took.
func greet(connection *grpc.ClientConn, calls int) []time.Duration {
	times := make([]time.Duration, calls)
	for i := range times {
		since := time.Now()
		reply := new(HelloReply)
		request := &HelloRequest{Name: "wire"}
		err := connection.Invoke(context.Background(), sayHello, request, reply)
		if err != nil || reply.Message != "hello wire" {
			log.Fatalf("%q, %v", reply.Message, err)
		}
		times[i] = time.Since(since)
	}
	return times
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "server" {
		serve()
		return
	}
	inFlight, _ := strconv.Atoi(os.Args[2])
	calls, _ := strconv.Atoi(os.Args[3])
	connection, err := grpc.Dial(os.Args[1], grpc.WithInsecure(), grpc.WithBlock())
	if err != nil {
		log.Fatal(err)
	}
	// The first tenth of the calls comes on top and is not counted: everything is cold then.
	greet(connection, calls/10)

	var all []time.Duration
	var lock sync.Mutex
	var callers sync.WaitGroup
	since := time.Now()
	for n := 0; n < inFlight; n++ {
		callers.Add(1)
		go func() {
			defer callers.Done()
			times := greet(connection, calls/inFlight)
			lock.Lock()
			defer lock.Unlock()
			all = append(all, times...)
		}()
	}
	callers.Wait()
	took := time.Since(since)
	sort.Slice(all, func(a, b int) bool { return all[a] < all[b] })
	micros := func(of time.Duration) float64 { return float64(of.Nanoseconds()) / 1000 }
	fmt.Printf("%.0f %.1f %.1f\n", float64(len(all))/took.Seconds(),
		micros(all[len(all)/2]), micros(all[len(all)*99/100]))
}
