use super::*;

#[test]
fn every_metric_is_documented() {
    let mut table = String::from("\n| metric | type | labels | |\n|---|---|---|---|\n");
    for Described {
        name,
        kind,
        labels,
        help,
    } in Metrics::described()
    {
        let labels: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
        table += &format!("| `{name}` | {kind} | {} | {help} |\n", labels.join(", "));
    }
    crate::keep::keep("metrics.md", &format!("{table}\n"));
}

#[test]
fn the_text_names_what_was_counted() {
    let metrics = Metrics::default();
    metrics.promotion_ended("shop", "prod", "succeeded", Duration::from_secs(2));
    metrics.reconciled("stage", Reconciled::TimedOut, Duration::ZERO);
    metrics.leading(true);
    let text = metrics.render();
    for line in [
        r#"argosy_promotions_total{project="shop",stage="prod",result="succeeded"} 1"#,
        r#"argosy_promotion_duration_seconds_bucket{le="2.5",result="succeeded"} 1"#,
        r#"argosy_reconciles_total{controller="stage",outcome="timed_out"} 1"#,
        "argosy_leader 1",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
}
