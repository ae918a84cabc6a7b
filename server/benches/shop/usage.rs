//! What processes use, as `/proc` says.

use std::path::PathBuf;

/// Ticks of a second in `/proc`: the same on every Linux.
const TICKS: f64 = 100.0;

/// The processes of a server and of its database.
pub struct Processes {
    /// The server.
    pub server: u32,
    /// The folder of the private PostgreSQL and Redis, where they are used.
    pub services: Option<PathBuf>,
}

/// Processor time, in seconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cpu {
    /// That of the server.
    pub server: f64,
    /// That of PostgreSQL and Redis.
    pub database: f64,
    /// That of the load generator.
    pub client: f64,
}

impl Cpu {
    /// What was used since then.
    pub fn since(self, then: Self) -> Self {
        Self {
            server: self.server - then.server,
            database: self.database - then.database,
            client: self.client - then.client,
        }
    }
}

impl Processes {
    /// The processor time used so far.
    pub fn cpu(&self) -> Cpu {
        Cpu {
            server: Stat::of(self.server).map_or(0.0, |stat| stat.own),
            database: self.database(),
            client: Stat::of(std::process::id()).map_or(0.0, |stat| stat.own),
        }
    }

    /// The server's resident memory, in MB.
    pub fn resident(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.server)).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes = line.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse().ok());
        kibibytes.map_or(f64::NAN, |kibibytes: f64| kibibytes * 1_024.0 / 1e6)
    }

    /// The time of PostgreSQL's first process, of those that it has seen end, of those that it has, and of Redis.
    fn database(&self) -> f64 {
        let Some(folder) = &self.services else { return 0.0 };
        let pid = |file: &str| {
            let text = std::fs::read_to_string(folder.join(file)).ok()?;
            text.lines().next()?.trim().parse::<u32>().ok()
        };
        let redis = pid("redis.pid").and_then(Stat::of).map_or(0.0, |stat| stat.own);
        let Some(postmaster) = pid("pg/postmaster.pid") else { return redis };
        let postgres = Stat::of(postmaster).map_or(0.0, |stat| stat.own + stat.ended_children);
        let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let children = processes
            .filter_map(|entry| Stat::of(entry.file_name().to_str()?.parse().ok()?))
            .filter(|stat| stat.parent == postmaster)
            .map(|stat| stat.own);
        redis + postgres + children.sum::<f64>()
    }
}

struct Stat {
    parent: u32,
    own: f64,
    ended_children: f64,
}

impl Stat {
    fn of(pid: u32) -> Option<Self> {
        let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name may hold anything, but is the last thing in brackets.
        let fields: Vec<_> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let seconds = |index: usize| Some(fields.get(index)?.parse::<f64>().ok()? / TICKS);
        Some(Self {
            parent: fields.get(1)?.parse().ok()?,
            own: seconds(11)? + seconds(12)?,
            ended_children: seconds(13)? + seconds(14)?,
        })
    }
}
