// Who one is: a name that people give, kept in a cookie and nowhere else, so that the header, the forms and the server say
// the same.
(() => {
  "use strict";

  const key = "runbooks-actor";
  const who = window.runbooksWho = {
    get name() {
      const kept = document.cookie.split("; ").find(c => c.startsWith(`${key}=`))?.slice(key.length + 1) ?? "";
      try { return decodeURIComponent(kept); } catch { return kept; }
    },
    set name(name) {
      document.cookie = `${key}=${encodeURIComponent(name)}; path=/; max-age=${name ? 31536000 : 0}; samesite=strict`;
    },
  };

  const dialog = document.getElementById("who");
  const form = dialog.querySelector("form");

  // On the document, because the header is brought up to date in place.
  document.addEventListener("click", e => {
    if (e.target.closest("[data-leave-who]")) dialog.close();
    if (!e.target.closest("[data-who]")) return;
    form.elements.name.value = who.name;
    dialog.showModal();
  });

  form.addEventListener("submit", () => {
    who.name = form.elements.name.value.trim();
    location.reload(); // what the page shows depends on who asks
  });
})();
