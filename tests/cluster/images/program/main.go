// Command program is what the containers of the test cluster run: a small service whose faults are real.
//
// Nothing in it pretends: a missing variable makes it exit with a message, HOG_MIB touches the memory that it
// names (so that a limit below it is a true out-of-memory kill), EXIT_CODE makes it crash.
//
//	serve  HTTP on $PORT (8080): /healthz, /env?name=, /fetch?url= (what a pod can reach), /
//	work   no port: a line per batch, every $INTERVAL (5s)
//	hog    serve, with HOG_MIB 256 unless it is set
//	crash  print a message, exit with $EXIT_CODE (1)
//	pause  the sandbox process of a pod: wait, and reap what is left to it
//
// Variables, read by all but pause: REQUIRE (comma-separated names that must be set), EXIT_CODE with CRASH_AFTER
// and MESSAGE, HOG_MIB, START_DELAY, VERSION.
package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// hoard keeps what HOG_MIB allocated reachable.
var hoard [][]byte

func main() {
	log.SetFlags(log.Ldate | log.Ltime | log.LUTC)
	log.SetOutput(os.Stdout)
	mode := "serve"
	if len(os.Args) > 1 {
		mode = os.Args[1]
	}
	if mode == "pause" {
		pause()
		return
	}
	log.Printf("INFO starting %s %s pid=%d go=%s", mode, setting("VERSION", "dev"), os.Getpid(), runtime.Version())
	require()
	crash(mode == "crash")
	time.Sleep(duration("START_DELAY", 0))
	hog(mode == "hog")
	go stopOnSignal()
	switch mode {
	case "serve", "hog":
		serve()
	case "work":
		work()
	default:
		log.Printf("FATAL unknown command %q", mode)
		os.Exit(2)
	}
}

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func number(name string, otherwise int) int {
	value, err := strconv.Atoi(setting(name, strconv.Itoa(otherwise)))
	if err != nil {
		log.Printf("FATAL invalid configuration: %s=%q is not a number", name, os.Getenv(name))
		os.Exit(2)
	}
	return value
}

func duration(name string, otherwise time.Duration) time.Duration {
	value, err := time.ParseDuration(setting(name, otherwise.String()))
	if err != nil {
		log.Printf("FATAL invalid configuration: %s=%q is not a duration", name, os.Getenv(name))
		os.Exit(2)
	}
	return value
}

// require exits with 1 when a variable named in REQUIRE is missing, as a service does that validates its settings.
func require() {
	for name := range strings.SplitSeq(os.Getenv("REQUIRE"), ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		if os.Getenv(name) == "" {
			log.Printf("ERROR configuration: required environment variable %s is not set", name)
			log.Printf("FATAL cannot start without %s", name)
			os.Exit(1)
		}
		log.Printf("INFO configuration: %s=%s", name, os.Getenv(name))
	}
}

func crash(now bool) {
	code := number("EXIT_CODE", 0)
	if now && code == 0 {
		code = 1
	}
	if code == 0 {
		return
	}
	end := func() {
		log.Printf("FATAL %s", setting("MESSAGE", "unrecoverable error: exiting with code "+strconv.Itoa(code)))
		os.Exit(code)
	}
	if wait := duration("CRASH_AFTER", 0); wait > 0 {
		time.AfterFunc(wait, end)
		return
	}
	end()
}

// hog touches every page that it allocates: memory that is only reserved would not count against a limit.
func hog(always bool) {
	otherwise := 0
	if always {
		otherwise = 256
	}
	total := number("HOG_MIB", otherwise)
	for done := range total {
		block := make([]byte, 1<<20)
		for i := 0; i < len(block); i += 4096 {
			block[i] = 1
		}
		hoard = append(hoard, block)
		if (done+1)%16 == 0 || done+1 == total {
			log.Printf("INFO cache: loaded %d of %d MiB", done+1, total)
		}
	}
}

func stopOnSignal() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	log.Printf("INFO stopping on signal %s", <-stop)
	os.Exit(0)
}

func serve() {
	port := number("PORT", 8080)
	http.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	http.HandleFunc("/env", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, os.Getenv(r.URL.Query().Get("name")))
	})
	http.HandleFunc("/fetch", fetch)
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		log.Printf("INFO %s %s from %s", r.Method, r.URL.Path, r.RemoteAddr)
		name, _ := os.Hostname()
		fmt.Fprintf(w, "version %s on %s\n", setting("VERSION", "dev"), name)
	})
	log.Printf("INFO listening on :%d", port)
	server := &http.Server{Addr: fmt.Sprintf(":%d", port), ReadHeaderTimeout: 10 * time.Second}
	log.Printf("FATAL %v", server.ListenAndServe())
	os.Exit(1)
}

func fetch(w http.ResponseWriter, r *http.Request) {
	client := http.Client{Timeout: 3 * time.Second}
	response, err := client.Get(r.URL.Query().Get("url"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer response.Body.Close()
	w.WriteHeader(response.StatusCode)
	io.Copy(w, io.LimitReader(response.Body, 1<<20))
}

func work() {
	interval := duration("INTERVAL", 5*time.Second)
	log.Printf("INFO worker ready, one batch every %s", interval)
	for batch := 1; ; batch++ {
		time.Sleep(interval)
		log.Printf("INFO batch %d done", batch)
	}
}

func pause() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGCHLD)
	for received := range signals {
		if received != syscall.SIGCHLD {
			return
		}
		for {
			if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); pid <= 0 || err != nil {
				break
			}
		}
	}
}
