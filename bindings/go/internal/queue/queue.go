// SPDX-License-Identifier: MIT

// Package queue has the queue of the process, to which completions come.
package queue

import (
	"os"
	"sync"
	"syscall"

	"sspi-async/sspi/native"
)

const lot = 256

// A queue for the process. One goroutine waits for its descriptor in Go's poller, which takes no
// thread, and tells what has come. The poller has a descriptor of its own: the library closes the
// other one.
var (
	once    sync.Once
	number  uint64
	failure error

	mutex   sync.Mutex // guards what follows
	lastID  uint64
	waiting map[uint64]func(status int32)
)

// Open makes the queue, the first time.
func Open() error {
	once.Do(func() {
		waiting = make(map[uint64]func(int32))
		number = native.Queue_create()
		syscall.ForkLock.RLock()
		fd, err := syscall.Dup(int(native.Queue_fd(number)))
		if err == nil {
			syscall.CloseOnExec(fd)
		}
		syscall.ForkLock.RUnlock()
		if err != nil {
			failure = err
			return
		}
		connection, err := os.NewFile(uintptr(fd), "sspi-async").SyscallConn()
		if err != nil {
			failure = err
			return
		}
		go connection.Read(drain)
	})
	return failure
}

// The poller tells of edges: nothing may be left when this returns false, "wait for more".
func drain(uintptr) bool {
	taken := make([]native.Completion, lot)
	for {
		count := native.Queue_take(number, 0, taken)
		for i := int32(0); i < count; i++ {
			if heard := Forget(taken[i].ID); heard != nil {
				heard(taken[i].Status)
			}
		}
		if count < lot {
			return false
		}
	}
}

// Expect is a new id, whose completion is told by heard, which must not block.
func Expect(heard func(status int32)) uint64 {
	mutex.Lock()
	defer mutex.Unlock()
	lastID++
	waiting[lastID] = heard
	return lastID
}

// Forget has nobody be told of an id. It returns who would have been, or nil.
func Forget(id uint64) func(status int32) {
	mutex.Lock()
	defer mutex.Unlock()
	heard := waiting[id]
	delete(waiting, id)
	return heard
}

// Number is that of the queue in the library.
func Number() uint64 {
	return number
}
