//! What requests, and a month of a whole shop, cost at AWS by what was measured.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::measure::cost::{
    Cost, FixedCosts, USUAL_STACK, Usage, metrics_month, metrics_of, other_log_bytes,
};
use tests::measure::median;

use crate::growth::grouped;
use crate::report::{Comparison, Seen, cells, print};

/// What customers do for each order that is placed: how often each function is called. Of a
/// hundred who look around, few buy.
const MIX: [(&str, f64); 6] = [
    ("list-products", 40.0),
    ("get-product", 30.0),
    ("get-cart", 5.0),
    ("set-cart-item", 3.0),
    ("checkout", 1.0),
    ("get-orders", 2.0),
];

/// Shops, by orders of a month, and which part of their requests finds no process waiting.
const SHOPS: [Shop; 2] = [
    Shop {
        name: "small shop",
        orders: 1_000.0,
        cold: 1.0,
    },
    Shop {
        name: "large shop",
        orders: 1_000_000.0,
        cold: 0.01,
    },
];

struct Shop {
    name: &'static str,
    orders: f64,
    cold: f64,
}

/// What is known of a function's costs.
struct Function {
    /// The function, perhaps with how it is set.
    scenario: String,
    usage: Usage,
    /// Dollars of a warm request.
    cost: Cost,
    /// Dollars that a cold start adds.
    cold: Cost,
}

/// Costs of what was measured.
pub(crate) struct Bill {
    functions: Vec<Function>,
    /// Custom metrics that the functions write.
    metrics: BTreeSet<String>,
    fixed: FixedCosts,
    round_trip_ms: f64,
}

impl Bill {
    /// Computes costs of each function that was measured with a whole processor.
    ///
    /// # Errors
    /// When the template can't be read.
    pub(crate) fn of(comparisons: &[Comparison], round_trip_ms: f64) -> Result<Self, String> {
        let path = crate::subject::given("template.yaml");
        let text = std::fs::read_to_string(&path);
        let text = text.map_err(|error| format!("{}: {error}", path.display()))?;
        let document = template::document(&text).map_err(|error| error.to_string())?;
        let deployment = local::options(local::Profile::Dev).deployment;
        let template = template::Template::parse(&text, &deployment);
        let template = template.map_err(|error| error.to_string())?;
        let mut bill = Self {
            functions: Vec::new(),
            metrics: BTreeSet::new(),
            fixed: FixedCosts::of_template(&document),
            round_trip_ms,
        };
        for comparison in comparisons.iter().filter(|it| it.memory_mib.is_none()) {
            let mut functions = template.functions.iter();
            let function = functions.find(|it| it.binary == comparison.function);
            if let (Some(function), Some(seen)) = (function, comparison.ours()) {
                let route = function.routes.first().map(template::RouteTemplate::key);
                let format = &document["Resources"]["Api"]["Properties"]["AccessLogSettings"];
                let format = format["Format"].as_str().unwrap_or_default();
                let lines = other_log_bytes(format, &route.unwrap_or_default());
                bill.metrics.extend(metrics_of(&seen.log));
                bill.functions.push(Function::of(
                    &comparison.scenario,
                    seen,
                    function.memory_mib,
                    lines,
                    round_trip_ms,
                ));
            }
        }
        Ok(bill)
    }

    /// Tables in Markdown.
    pub(crate) fn print(&self) {
        if self.functions.is_empty() {
            return;
        }
        println!("\n## Costs\n");
        self.print_functions();
        println!(
            "\nDollars for 1,000 warm requests, by the public list prices of us-east-1 (arm64) of \
             November 2026, without free tiers, discounts and taxes. Billed time is not measured: \
             it is the processor time divided by the function's share of a processor, and {} ms \
             for each round of calls that is waited for.\n",
            self.round_trip_ms
        );
        let missing = self.missing();
        if !missing.is_empty() {
            println!("A month's bill needs {} measured too.", missing.join(", "));
            return;
        }
        self.print_month();
        println!();
        let mix = MIX.map(|(function, times)| format!("{times} {function}"));
        println!(
            "For each order: {}, each read from the tables where that was measured. The small shop \
             has {} orders a month, each request a cold start; the large one {}, one request in a \
             hundred. Metrics: the {} that these functions write, in every hour of the month. \
             Not in it: data out, what tables, backups, log lines and pictures take to be stored, \
             signing in, staff, calls of KMS, older versions of its keys, and what CloudTrail \
             records.\n",
            mix.join(", "),
            grouped(SHOPS[0].orders as u64),
            grouped(SHOPS[1].orders as u64),
            self.metrics.len(),
        );
        print_usual_stack();
    }

    fn print_functions(&self) {
        let mut table = vec![cells(["function", "billed ms", "log bytes"])];
        table[0].extend(Cost::default().parts().map(|(name, _)| name.to_owned()));
        table[0].push("dollars for 1,000".to_owned());
        for function in &self.functions {
            let thousand = function.cost.times(1000.0);
            let mut row = vec![
                function.scenario.clone(),
                format!("{:.0}", function.usage.billed_ms(self.round_trip_ms)),
                format!("{:.0}", function.usage.log_bytes),
            ];
            row.extend(thousand.parts().map(|(_, dollars)| format!("{dollars:.5}")));
            row.push(format!("{:.5}", thousand.total()));
            table.push(row);
        }
        print(&table);
    }

    fn print_month(&self) {
        let mut table = vec![cells(["a month in dollars", "nobody comes"])];
        table[0].extend(SHOPS.map(|shop| shop.name.to_owned()));
        let costs = SHOPS.map(|shop| self.month(&shop));
        for (number, (name, _)) in Cost::default().parts().into_iter().enumerate() {
            let mut row = cells([name, "0.00"]);
            row.extend(costs.map(|cost| dollars(cost.parts()[number].1)));
            table.push(row);
        }
        let metrics = metrics_month(self.metrics.len());
        let mut row = cells(["metrics", "0.00"]);
        row.extend(SHOPS.map(|_| dollars(metrics)));
        table.push(row);
        for (name, month) in self.fixed.month() {
            table.push(vec![
                name.to_owned(),
                dollars(month),
                dollars(month),
                dollars(month),
            ]);
        }
        let fixed = self.fixed_month();
        let mut row = vec!["together".to_owned(), dollars(fixed)];
        row.extend(costs.map(|cost| dollars(cost.total() + metrics + fixed)));
        table.push(row);
        let mut row = cells(["for an order", "–"]);
        let shops = SHOPS.iter().zip(costs);
        row.extend(
            shops.map(|(shop, cost)| {
                format!("{:.5}", (cost.total() + metrics + fixed) / shop.orders)
            }),
        );
        table.push(row);
        print(&table);
    }

    fn fixed_month(&self) -> f64 {
        self.fixed.month().iter().map(|(_, dollars)| dollars).sum()
    }

    /// What the requests of a month cost.
    fn month(&self, shop: &Shop) -> Cost {
        let functions = MIX.iter().filter_map(|(name, times)| {
            let function = self.function(name)?;
            let request = function.cost.and(function.cold.times(shop.cold));
            Some(request.times(times * shop.orders))
        });
        functions.fold(Cost::default(), Cost::and)
    }

    /// A function of the mix, as it reads tables if that was measured: how often an answer is in
    /// memory depends on who else has asked.
    fn function(&self, name: &str) -> Option<&Function> {
        let from_tables = format!("{name}-from-tables");
        let find = |name: &str| self.functions.iter().find(|it| it.scenario == name);
        find(&from_tables).or_else(|| find(name))
    }

    fn missing(&self) -> Vec<&str> {
        let names = MIX.iter().map(|(name, _)| *name);
        names.filter(|name| self.function(name).is_none()).collect()
    }

    pub(crate) fn json(&self) -> Value {
        let parts = |cost: &Cost| {
            let parts = cost.parts().into_iter();
            parts
                .map(|(name, dollars)| (name.to_owned(), json!(dollars)))
                .collect::<serde_json::Map<_, _>>()
        };
        let functions = self.functions.iter().map(|function| {
            let thousand = function.cost.times(1000.0);
            json!({
                "function": function.scenario,
                "memoryMib": function.usage.memory_mib,
                "billedMs": function.usage.billed_ms(self.round_trip_ms),
                "logBytes": function.usage.log_bytes,
                "dollarsPer1000": thousand.total(),
                "dollarsPer1000By": parts(&thousand),
            })
        });
        let shops = SHOPS.iter().map(|shop| {
            let cost = self.month(shop);
            let metrics = metrics_month(self.metrics.len());
            json!({
                "shop": shop.name,
                "orders": shop.orders,
                "coldRequests": shop.cold,
                "dollars": cost.total() + metrics + self.fixed_month(),
                "requests": parts(&cost),
            })
        });
        json!({
            "prices": "list prices of us-east-1, arm64, November 2026",
            "roundTripMs": self.round_trip_ms,
            "functions": functions.collect::<Value>(),
            "requestsOfAnOrder": MIX.iter().map(|(name, times)| ((*name).to_owned(), json!(times)))
                .collect::<serde_json::Map<_, _>>(),
            "month": if self.missing().is_empty() { shops.collect() } else { Value::Null },
            "metrics": self.metrics,
            "nobodyComes": self.fixed_month(),
            "usualStackNobodyComes": usual_stack(),
        })
    }
}

impl Function {
    fn of(
        scenario: &str,
        seen: &Seen,
        memory_mib: u32,
        other_log_bytes: usize,
        round_trip_ms: f64,
    ) -> Self {
        let usage = Usage {
            memory_mib,
            cpu_ms: seen.cpu_ms(),
            rounds: seen.rounds_of_calls.waits,
            read_units: seen.read_units(),
            write_units: seen.write_units(),
            log_bytes: seen.log_bytes + other_log_bytes as f64,
        };
        let cold = Usage {
            cpu_ms: median(&seen.cold_cpu_ms),
            rounds: seen.at_start.total() as f64,
            read_units: seen.at_start.read_units,
            ..usage
        };
        Self {
            scenario: scenario.to_owned(),
            usage,
            cost: Cost::of_request(&usage, round_trip_ms),
            cold: Cost::of_cold_start(median(&seen.init_ms), &cold, round_trip_ms),
        }
    }
}

/// What a usual stack costs a month when nobody comes.
fn usual_stack() -> f64 {
    USUAL_STACK.iter().map(|(_, _, dollars)| dollars).sum()
}

fn print_usual_stack() {
    let mut table = vec![cells([
        "a usual stack when nobody comes",
        "of which kind",
        "dollars a month",
    ])];
    for (name, kind, month) in USUAL_STACK {
        table.push(vec![name.to_owned(), kind.to_owned(), dollars(month)]);
    }
    table.push(vec![
        "together".to_owned(),
        String::new(),
        dollars(usual_stack()),
    ]);
    print(&table);
}

fn dollars(dollars: f64) -> String {
    format!("{dollars:.2}")
}
