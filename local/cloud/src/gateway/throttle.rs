//! Throttling of routes, each by a token bucket of its own
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html>).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use template::{ApiThrottling, RouteLimit};

/// What is left of each route's limit.
#[derive(Debug)]
pub(super) struct Throttle {
    limits: ApiThrottling,
    buckets: Mutex<HashMap<String, Bucket>>,
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    filled: Instant,
}

impl Throttle {
    pub(super) fn new(limits: ApiThrottling) -> Self {
        Self {
            limits,
            buckets: Mutex::default(),
        }
    }

    /// Takes a request of a route, or returns `false` if it came too soon.
    pub(super) fn admit(&self, route: &str, now: Instant) -> bool {
        let own = self.limits.routes.get(route);
        let Some(RouteLimit { rate, burst }) = own.or(self.limits.default.as_ref()) else {
            return true;
        };
        let (rate, burst) = (f64::from(*rate), f64::from(*burst));
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry(route.to_owned()).or_insert(Bucket {
            tokens: burst,
            filled: now,
        });
        let passed = now.saturating_duration_since(bucket.filled).as_secs_f64();
        bucket.tokens = (bucket.tokens + passed * rate).min(burst);
        bucket.filled = now;
        let admitted = bucket.tokens >= 1.0;
        if admitted {
            bucket.tokens -= 1.0;
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_route_takes_its_burst_at_once_and_then_its_rate() {
        let limit = |rate, burst| RouteLimit { rate, burst };
        let throttle = Throttle::new(ApiThrottling {
            default: Some(limit(1, 5)),
            routes: BTreeMap::from([("POST /login".to_owned(), limit(10, 2))]),
        });
        let start = Instant::now();
        let admitted = |route: &str, after: u64| {
            let now = start + Duration::from_millis(after);
            (0..9).filter(|_| throttle.admit(route, now)).count()
        };
        assert_eq!(admitted("POST /login", 0), 2);
        assert_eq!(admitted("POST /login", 99), 0);
        assert_eq!(admitted("POST /login", 100), 1);
        assert_eq!(admitted("POST /login", 60_000), 2);
        // Every other route has a bucket of its own.
        assert_eq!(admitted("GET /a", 0), 5);
        assert_eq!(admitted("GET /b", 0), 5);
        assert_eq!(admitted("GET /b", 1000), 1);
        let unlimited = Throttle::new(ApiThrottling::default());
        assert!((0..9).all(|_| unlimited.admit("GET /a", start)));
    }
}
