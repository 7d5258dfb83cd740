
"use strict";
(() => {
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const filter = document.querySelector(".filter");

  const copy = async (text, holder) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      getSelection().selectAllChildren(holder);
      document.execCommand("copy");
    }
  };
  for (const block of all("pre[data-copy]")) {
    const text = block.textContent;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.setAttribute("aria-label", `Copy ${block.dataset.copy}`);
    button.addEventListener("click", async () => {
      button.remove();
      await copy(text, block);
      block.append(button);
      button.textContent = "Copied";
      button.focus();
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
    block.append(button);
  }

  if (filter) {
    const findings = all(".finding");
    const texts = new Map();
    const textOf = (finding) => {
      if (!texts.has(finding)) texts.set(finding, `${finding.dataset.rule} ${finding.textContent}`.toLowerCase());
      return texts.get(finding);
    };
    const field = (name) => filter.querySelector(`[name=${name}]`);
    const value = (name) => field(name)?.value ?? "";
    const output = filter.querySelector("output");
    const unfold = field("unfold");
    const shown = () => findings.filter((finding) => !finding.classList.contains("filtered"));
    const apply = () => {
      const words = value("text").toLowerCase().split(/\s+/).filter(Boolean);
      for (const finding of findings) {
        const fits = ["severity", "api", "rule"].every((key) => !value(key) || finding.dataset[key] === value(key));
        finding.classList.toggle("filtered", !(fits && words.every((word) => textOf(finding).includes(word))));
      }
      for (const rule of all(".rule, .accepted")) {
        rule.classList.toggle("filtered", !rule.querySelector(".finding:not(.filtered)"));
      }
      const count = shown().length;
      output.textContent = count === findings.length ? "" : `${count} of ${findings.length} shown`;
    };
    filter.addEventListener("input", apply);
    unfold.addEventListener("click", () => {
      const open = unfold.textContent === "Open all";
      for (const finding of shown()) finding.open = open;
      unfold.textContent = open ? "Close all" : "Open all";
    });
    filter.hidden = false;
    apply();
  }

  const reveal = () => {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    for (let at = target; at; at = at.parentElement) if (at instanceof HTMLDetailsElement) at.open = true;
    if (target) target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();

  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all("details:not([open])");
    for (const each of closed) each.open = true;
  });
  addEventListener("afterprint", () => {
    for (const each of closed) each.open = false;
  });
})();
