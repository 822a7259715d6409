//! An echo under madsim and under turmoil: how many messages they deliver in a second of processor time.
//!
//! A client sends a record's worth of bytes to a server, which sends them back, and so on: one message at a time, as most are in a run of
//! kafkasim's `default`. Each line of output is a peer and its messages a second. Run by kafkasim's own benchmark, which compares.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use cpu_time::ProcessTime;

/// Round trips that are measured; each is two messages.
const ROUNDS: u32 = 20_000;
/// About as many as there are in the Produce of one record.
const BYTES: usize = 150;
const PORT: u16 = 9092;

fn main() {
    report("madsim", || with_madsim(0));
    report("turmoil", with_turmoil);
}

/// The best of three, as each is the same work.
fn report(peer: &str, run: impl Fn()) {
    let elapsed = (0..3).map(|_| {
        let start = ProcessTime::now();
        run();
        start.elapsed()
    });
    let best = elapsed.min().expect("there are three").as_secs_f64();
    println!("{peer} {:.0}", f64::from(2 * ROUNDS) / best);
}

fn with_madsim(seed: u64) {
    use madsim::net::Endpoint;
    use madsim::runtime::Runtime;

    const TAG: u64 = 1;
    let runtime = Runtime::with_seed_and_config(seed, madsim::Config::default());
    let address = |last| SocketAddr::from((Ipv4Addr::new(10, 0, 0, last), PORT));
    let node = |name: &str, last| {
        let builder = runtime.create_node().name(name);
        builder.ip(address(last).ip()).build()
    };
    let (server, client) = (node("server", 1), node("client", 2));
    server.spawn(async move {
        let endpoint = Endpoint::bind(address(1)).await.expect("the address is free");
        let mut buffer = [0; BYTES];
        loop {
            let (length, from) = endpoint.recv_from(TAG, &mut buffer).await.expect("it is whole");
            endpoint.send_to(from, TAG, &buffer[..length]).await.expect("it is whole");
        }
    });
    let echoed = client.spawn(async move {
        madsim::time::sleep(Duration::from_secs(1)).await;
        let endpoint = Endpoint::bind(address(2)).await.expect("the address is free");
        let mut buffer = [7; BYTES];
        for _ in 0..ROUNDS {
            endpoint.send_to(address(1), TAG, &buffer).await.expect("it is whole");
            endpoint.recv_from(TAG, &mut buffer).await.expect("it is whole");
        }
    });
    runtime.block_on(echoed).expect("the client finishes");
}

fn with_turmoil() {
    let mut simulation = turmoil::Builder::new()
        .simulation_duration(Duration::from_secs(1_000_000))
        .tick_duration(Duration::from_millis(1))
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(Duration::from_millis(1))
        .build();
    simulation.host("server", || async {
        let socket = turmoil::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, PORT)).await?;
        let mut buffer = [0; BYTES];
        loop {
            let (length, from) = socket.recv_from(&mut buffer).await?;
            socket.send_to(&buffer[..length], from).await?;
        }
    });
    simulation.client("client", async {
        let socket = turmoil::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, PORT)).await?;
        let mut buffer = [7; BYTES];
        for _ in 0..ROUNDS {
            socket.send_to(&buffer, ("server", PORT)).await?;
            socket.recv_from(&mut buffer).await?;
        }
        Ok::<_, Box<dyn std::error::Error>>(())
    });
    simulation.run().expect("the client finishes");
}
