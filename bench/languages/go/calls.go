// SPDX-License-Identifier: MIT

// Go's side of bench/languages.py: goroutines that wait for ours, or block in cgo.
package main

/*
#include <stdlib.h>

#include "probe.h"
*/
import "C"

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"sspi-async/sspi"
)

const (
	inFlight = 64
	deadline = 5 * time.Second
	look     = 4 * time.Second // threads without work have left by then
)

var (
	always = context.Background()
	atRest = int(C.probe_threads())
)

func threads() int { return int(C.probe_threads()) - atRest }

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func spread(count int, body func()) {
	var all sync.WaitGroup
	var taken atomic.Int64
	for i := 0; i < inFlight; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for taken.Add(1) <= int64(count) {
				body()
			}
		}()
	}
	all.Wait()
}

func host(number int) string { return fmt.Sprintf("HTTP@host%d.localhost", number) }

type ours struct{}

func (ours) calls(count int, script string) {
	credential := must(sspi.Acquire(always, "Scripted", sspi.Outbound, script, nil))
	defer credential.Close()
	spread(count, func() {
		client := sspi.NewClient("", sspi.Options{Credential: credential})
		must(client.Step(always, nil))
		if err := client.Delete(always); err != nil {
			panic(err)
		}
	})
}

func (ours) silent(count int) []any {
	credential := must(sspi.Acquire(always, "Kerberos", sspi.Outbound, "", nil))
	defer credential.Close()
	var ended atomic.Int64
	var all sync.WaitGroup
	for number := 0; number < count; number++ {
		all.Add(1)
		go func(number int) {
			defer all.Done()
			limited, cancel := context.WithTimeout(always, deadline)
			defer cancel()
			client := sspi.NewClient(host(number), sspi.Options{Credential: credential})
			if _, err := client.Step(limited, nil); !errors.Is(err, context.DeadlineExceeded) {
				panic(err)
			}
			ended.Add(1)
		}(number)
	}
	time.Sleep(look)
	seen := []any{count - int(ended.Load()), threads(), C.probe_library_threads()}
	all.Wait()
	return seen
}

func logOn(packageName, target string) int {
	first, second := C.CString(packageName), C.CString(target)
	defer C.free(unsafe.Pointer(first))
	defer C.free(unsafe.Pointer(second))
	return int(C.probe_log_on(first, second))
}

type theirs struct{}

func (theirs) calls(count int, target string) {
	spread(count, func() {
		if status := logOn("Scripted", target); status != 0 {
			panic(status)
		}
	})
}

func (theirs) silent(count int) []any {
	for number := 0; number < count; number++ {
		go logOn("Kerberos", host(number))
	}
	for int(C.probe_inside()) < count {
		time.Sleep(time.Millisecond)
	}
	return []any{C.probe_inside(), threads()}
}

func main() {
	var side interface {
		calls(int, string)
		silent(int) []any
	} = theirs{}
	if os.Args[1] == "ours" {
		side = ours{}
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if words[0] == "calls" {
			side.calls(must(strconv.Atoi(words[1])), strings.Join(words[2:], " "))
			fmt.Println(threads())
		} else {
			fmt.Println(side.silent(must(strconv.Atoi(words[1])))...)
		}
	}
}
