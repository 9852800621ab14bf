// Sign-in pages. All of them work without this script.

import "./reveal.js";

// the code of an invitation stands behind the #, which is sent to nobody; it goes into the form and out of the address
const invitation = document.querySelector("[data-invitation]");
if (invitation && location.hash.length > 1) {
  invitation.elements.code.value = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, "", location.pathname);
  invitation.requestSubmit();
}
