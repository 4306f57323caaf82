//! `drydock`: the server's command line.

use std::io::{self, IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser as _;
use drydock_proxy::config::{Cli, Command, Config, Serve};
use drydock_proxy::connections::Connections;
use drydock_proxy::layout;
use drydock_proxy::limits::Crowd;
use drydock_proxy::shell;
use tracing_subscriber::EnvFilter;

/// Connections of those who watch the server.
const STATUS_CROWD: Crowd = Crowd { total: 64, per_address: 16, trusted_hops: 0 };

fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr)
        .init();
    let done = match &cli.command {
        Command::Verify(asked) => return shell::run(shell::verify(asked)),
        Command::Show(asked) => return shell::run(shell::show(asked)),
        Command::Files(asked) => return shell::run(shell::list(asked)),
        Command::Cat(asked) => return shell::run(shell::cat(asked)),
        Command::Compare(asked) => return shell::run(shell::compare(asked)),
        Command::Check(asked) => return shell::run(shell::check(asked)),
        Command::Waste(asked) => return shell::run(shell::waste(asked)),
        Command::Search(asked) => return shell::run(shell::search(asked)),
        Command::Packages(asked) => return shell::run(shell::packages(asked)),
        Command::Export(asked) => return shell::run(shell::export(asked)),
        Command::Apply(asked) => return shell::run(shell::apply(asked)),
        Command::Completions(asked) => return shell::run(shell::completions::<Cli>(asked)),
        Command::Man(asked) => return shell::run(shell::man::<Cli>(asked)),
        Command::Serve(serve) => run(serve),
        Command::Layout(command) => layout::run(command, &mut shell::out(), &mut io::stderr()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => shell::unread().unwrap_or_else(|| {
            let _ = writeln!(io::stderr(), "drydock: {error}");
            shell::could_not()
        }),
    }
}

fn run(serve: &Serve) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let wanted = SocketAddr::new(serve.listen, serve.port);
        let listener = tokio::net::TcpListener::bind(wanted).await.map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("can't listen on {wanted}: {error}. Choose another port with --port."),
            )
        })?;
        let listen = listener.local_addr()?;
        let config = Config::from_serve(serve, listen)?;
        let times = config.times.clone();
        let status = Arc::clone(&config.status);
        let crowd = config.crowd.clone().within(drydock_proxy::files::raise_limit());
        let connections = Connections::new(crowd);
        if let Some(wanted) = serve.status_listen {
            tell_status(wanted, &config).await?;
        }
        // Before anybody is told that the server is there, so that no signal is missed.
        let stopped = stopped()?;
        let stopping = Arc::clone(&status);
        let stop = async move {
            stopped.await;
            stopping.stop();
        };
        let _ = writeln!(io::stdout(), "Drydock is at http://{listen}/");
        let with = (&times, &connections, &status);
        drydock_proxy::serve::serve(listener, drydock_proxy::app(config), with, stop).await
    })
}

/// Answers at the address for whoever runs the server, until the process ends.
async fn tell_status(wanted: SocketAddr, config: &Config) -> io::Result<()> {
    let listener = tokio::net::TcpListener::bind(wanted).await.map_err(|error| {
        let message = format!("can't listen on {wanted} (--status-listen): {error}");
        io::Error::new(error.kind(), message)
    })?;
    let router = drydock_proxy::status::router(Arc::clone(&config.status), config.page.clone());
    let (times, own) = (config.times.clone(), Arc::default());
    let connections = Connections::new(STATUS_CROWD);
    tokio::spawn(async move {
        let with = (&times, &connections, &own);
        drydock_proxy::serve::serve(listener, router, with, std::future::pending()).await
    });
    Ok(())
}

/// Listens for requests to end, Ctrl-C or SIGTERM; ready when one comes.
#[cfg(unix)]
fn stopped() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Ready on Ctrl-C.
#[cfg(not(unix))]
fn stopped() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
