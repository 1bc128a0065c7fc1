/** What went wrong, in words of the page itself. What the coordinator says comes in English. */
import { catalogue } from "./language.ts";

export const troubleWords = catalogue(
  {
    unchanged: "Nothing was changed.",
    runsGoOn: "Runs go on without this page.",
    pageFailed: "The page failed to show this.",
    reload: "Reload the page. If it happens again, tell whoever runs the coordinator.",
    noAnswer: "The coordinator does not answer.",
    checkConnection: "Check your connection, then try again.",
    signedOut: "You are signed out.",
    signIn: "Sign in again.",
    askAdmin: "Ask an admin of this federation.",
    checkAddress: "Check the address, or go back to the list.",
    seeLog: "Try again. If it happens again, look into the coordinator's log.",
  },
  {
    unchanged: "Es wurde nichts geändert.",
    runsGoOn: "Läufe gehen ohne diese Seite weiter.",
    pageFailed: "Die Seite konnte das nicht anzeigen.",
    reload: "Laden Sie die Seite neu. Geschieht es wieder, sagen Sie es dem Betrieb des Koordinators.",
    noAnswer: "Der Koordinator antwortet nicht.",
    checkConnection: "Prüfen Sie Ihre Verbindung und versuchen Sie es noch einmal.",
    signedOut: "Sie sind abgemeldet.",
    signIn: "Melden Sie sich neu an.",
    askAdmin: "Fragen Sie einen Admin dieser Föderation.",
    checkAddress: "Prüfen Sie die Adresse, oder gehen Sie zurück zur Liste.",
    seeLog: "Versuchen Sie es noch einmal. Geschieht es wieder, steht der Grund im Protokoll des Koordinators.",
  },
);
