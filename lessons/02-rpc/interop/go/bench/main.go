// Both sides of the greeting call in Go's net/rpc, with its gob encoding: what lesson 02 is measured
// against. `python3 scripts/figures rpc` runs it.
//
//	bench server                    listens on a free port, prints `listening on ADDR`
//	bench ADDR IN_FLIGHT CALLS      makes the calls on one connection, IN_FLIGHT of them at a time
//
// The client prints calls a second, and the median and the 99th percentile of a call in microseconds.
package main

import (
	"fmt"
	"log"
	"net"
	"net/rpc"
	"os"
	"sort"
	"strconv"
	"sync"
	"time"
)

// Hello is the greeting service.
type Hello struct{}

// HelloWorld is the greeting call.
func (Hello) HelloWorld(name string, reply *string) error {
	*reply = name + " hello world"
	return nil
}

func serve() {
	if err := rpc.RegisterName("hello", Hello{}); err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", listener.Addr())
	rpc.Accept(listener)
}

// greet makes so many calls, one after the other, and tells how long each of them took.
func greet(client *rpc.Client, calls int) []time.Duration {
	times := make([]time.Duration, calls)
	for i := range times {
		since := time.Now()
		var reply string
		err := client.Call("hello.HelloWorld", "wire", &reply)
		if err != nil || reply != "wire hello world" {
			log.Fatalf("%q, %v", reply, err)
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
	client, err := rpc.Dial("tcp", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	// The first tenth of the calls comes on top and is not counted: everything is cold then.
	greet(client, calls/10)

	var all []time.Duration
	var lock sync.Mutex
	var callers sync.WaitGroup
	since := time.Now()
	for n := 0; n < inFlight; n++ {
		callers.Add(1)
		go func() {
			defer callers.Done()
			times := greet(client, calls/inFlight)
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
