// Before the page's own code is there: the chosen theme, and a word when that code can't start.
(() => {
  const root = document.documentElement;
  try {
    const theme = localStorage.getItem("drydock.theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  } catch {
    // Storage is blocked: the system's theme it is.
  }
  // What an image needs besides comes with the page, not after it.
  const isImage = location.pathname.startsWith("/-/")
    ? /^\/-\/(draft|local)\//.test(location.pathname)
    : !location.pathname.endsWith("/");
  document.addEventListener("readystatechange", () => {
    if (!isImage || document.readyState !== "interactive") return;
    const files = document.querySelector('meta[name="drydock-image"]')?.content ?? "";
    for (const href of files.split(" ").filter(Boolean)) {
      const link = document.createElement("link");
      Object.assign(link, { rel: "preload", as: "fetch", type: "application/wasm", crossOrigin: "anonymous", href });
      document.head.append(link);
    }
  });
  let started = false;
  addEventListener("TrunkApplicationStarted", () => { started = true; });
  const failed = (reason) => {
    const say = document.getElementById("boot-problem");
    if (started || !say) return;
    root.dataset.state = "error";
    say.textContent = `The page could not start: ${reason}. Drydock needs a current browser with WebAssembly (SIMD); reload to try again.`;
  };
  addEventListener("error", (event) => failed(event.message || "a file could not be loaded"), true);
  addEventListener("unhandledrejection", (event) => failed(String(event.reason?.message ?? event.reason)));
})();
