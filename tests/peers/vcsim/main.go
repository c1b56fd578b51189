// A vCenter for tests: govmomi's simulator with a user of its own, over TLS; prints its address when it is ready.
package main

import (
	"crypto/tls"
	"flag"
	"fmt"
	"log"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"github.com/vmware/govmomi/simulator"
	_ "github.com/vmware/govmomi/vapi/simulator"
)

func main() {
	clusters := flag.Int("clusters", 1, "clusters")
	hosts := flag.Int("hosts", 3, "hosts of each cluster")
	alone := flag.Int("alone", 1, "stand-alone hosts")
	vms := flag.Int("vms", 2, "VMs of each resource pool (cluster or stand-alone host)")
	listen := flag.String("listen", "127.0.0.1:0", "address")
	user := flag.String("user", "administrator@vsphere.local:Secret-1!", "name and password, with a colon between")
	flag.Parse()
	model := simulator.VPX()
	model.Cluster, model.ClusterHost, model.Host, model.Machine = *clusters, *hosts, *alone, *vms
	if err := model.Create(); err != nil {
		log.Fatal(err)
	}
	name, password := *user, ""
	for i, c := range *user {
		if c == ':' {
			name, password = (*user)[:i], (*user)[i+1:]
			break
		}
	}
	model.Service.Listen = &url.URL{Host: *listen, User: url.UserPassword(name, password)}
	model.Service.TLS = new(tls.Config)
	server := model.Service.NewServer()
	fmt.Println(server.URL.Host)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	<-stop
	model.Remove() // its datastores are folders of this machine
}
