// Who one is: a name that people give, kept in a cookie for the server and in local storage for the forms.
(() => {
  "use strict";

  const key = "runbooks-actor";
  const dialog = document.getElementById("who");
  const form = dialog.querySelector("form");

  // On the document, because the header is brought up to date in place.
  document.addEventListener("click", e => {
    if (e.target.closest("[data-leave-who]")) dialog.close();
    if (!e.target.closest("[data-who]")) return;
    form.elements.name.value = localStorage.getItem(key) ?? "";
    dialog.showModal();
  });

  form.addEventListener("submit", () => {
    const name = form.elements.name.value.trim();
    if (name) localStorage.setItem(key, name); else localStorage.removeItem(key);
    document.cookie = `${key}=${encodeURIComponent(name)}; path=/; max-age=${name ? 31536000 : 0}; samesite=strict`;
    location.reload(); // what the page shows depends on who asks
  });
})();
