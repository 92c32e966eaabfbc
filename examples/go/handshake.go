// SPDX-License-Identifier: MIT

// Both sides of a handshake in one program: what each of our languages does in its own way.
//
//	go run handshake.go Kerberos
//	go run handshake.go NTLM alice TEST PASSWORD USER_FILE
//
// Kerberos uses the tickets and the keytab of whoever runs it, for HTTP@localhost. USER_FILE has
// lines DOMAIN:user:password. The other examples called handshake print the same.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"sync"
	"time"

	"sspi-async/sspi"
)

// Lets each side's token go to the other one; how many legs that took.
func shakeHands(ctx context.Context, client, server *sspi.SecurityContext) (int, error) {
	token, err := client.Step(ctx, nil)
	legs := 1
	for err == nil && !(client.Complete() && server.Complete()) {
		side := server
		if legs%2 == 0 {
			side = client
		}
		token, err = side.Step(ctx, token)
		legs++
	}
	return legs, err
}

func run(packageName string, who []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var ours, theirs *sspi.Identity
	if len(who) == 4 {
		ours = &sspi.Identity{User: who[0], Domain: who[1], Password: who[2]}
		theirs = &sspi.Identity{NTLMUserFile: who[3]}
	}
	client := sspi.NewClient("HTTP@localhost", sspi.Options{Package: packageName, Identity: ours})
	server := sspi.NewServer(sspi.Options{Package: packageName, Identity: theirs})
	legs, err := shakeHands(ctx, client, server)
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d legs\n", packageName, legs)
	name, err := server.UserName()
	if err != nil {
		return err
	}
	fmt.Printf("the server knows %s\n", name)
	sealed, err := client.Encrypt([]byte("hello"))
	if err != nil {
		return err
	}
	opened, err := server.Decrypt(sealed)
	if err != nil {
		return err
	}
	fmt.Printf("sealed and opened: %s\n", opened)
	var both sync.WaitGroup
	for _, side := range []*sspi.SecurityContext{client, server} {
		both.Add(1)
		go func(side *sspi.SecurityContext) {
			defer both.Done()
			if err := side.Delete(ctx); err != nil {
				log.Fatal(err)
			}
		}(side)
	}
	both.Wait()
	fmt.Println("deleted")
	return nil
}

func main() {
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		log.Fatal(err)
	}
}
