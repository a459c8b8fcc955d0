import { useEffect, useRef } from "react";

// The module is loaded once, from the server that signs: <script type="module" src="https://sign.example.com/embed.js">
export function Signing({ link, language, onCompleted, onCanceled }) {
  const element = useRef(null);
  useEffect(() => {
    const signing = element.current;
    const completed = (e) => onCompleted?.(e.detail);
    const canceled = (e) => onCanceled?.(e.detail);
    signing.addEventListener("signing_completed", completed);
    signing.addEventListener("process_canceled", canceled);
    return () => {
      signing.removeEventListener("signing_completed", completed);
      signing.removeEventListener("process_canceled", canceled);
    };
  }, [onCompleted, onCanceled]);
  return <innsigli-signing ref={element} src={link} lng={language} height="900" />;
}
